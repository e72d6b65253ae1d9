"""What trained models tell about themselves and about single rows."""

import json
import math

import h2o
import pytest
from h2o.estimators import H2OGradientBoostingEstimator as GBM
from h2o.tree import H2OTree

PREDICTORS = ["size", "colour", "weight"]


def fit(table, y, **more):
    model = GBM(**{"ntrees": 8, "max_depth": 3, "seed": 1, "min_rows": 5, **more})
    model.train(x=PREDICTORS, y=y, training_frame=table)
    return model


def rows(frame):
    """The cells of a frame as lists, row by row: numbers as floats."""
    names, *cells = h2o.as_list(frame, use_pandas=False)
    types = [frame.types[name] for name in names]
    return [[float(cell or "nan") if kind in ("int", "real") else cell for cell, kind in zip(row, types)] for row in cells]


@pytest.fixture
def price(table):
    return fit(table, "price", model_id="price_gbm")


@pytest.fixture
def late(table):
    return fit(table, "late", model_id="late_gbm")


@pytest.fixture
def kind(table):
    return fit(table, "kind", model_id="kind_gbm")


# --- contributions


def test_contributions_add_up(price, table):
    """Without a link the contributions and the bias are the prediction."""
    shares = price.predict_contributions(table)
    assert shares.columns == [*sorted(PREDICTORS, key=shares.columns.index), "BiasTerm"]
    assert set(shares.columns) == {*PREDICTORS, "BiasTerm"}
    for share, (predicted,) in zip(rows(shares), rows(price.predict(table))):
        assert sum(share) == pytest.approx(predicted, rel=1e-5)


def test_contributions_add_up_to_the_logit(late, table):
    for share, (_, no, yes) in zip(rows(late.predict_contributions(table)), rows(late.predict(table))):
        assert sum(share) == pytest.approx(math.log(yes / no), abs=1e-4)


def test_contributions_in_output_space(late, table):
    """With a background frame the shares can be those of the probability."""
    some, background = table[0:10, :], table[10:40, :]
    shares = late.predict_contributions(some, background_frame=background, output_space=True)
    for share, (_, _, yes) in zip(rows(shares), rows(late.predict(some))):
        assert sum(share) == pytest.approx(yes, abs=1e-4)


def test_contributions_sorted(price, table):
    plain = price.predict_contributions(table)
    top = price.predict_contributions(table, top_n=2, bottom_n=1)
    assert top.columns == ["top_feature_1", "top_value_1", "top_feature_2", "top_value_2", "bottom_feature_1", "bottom_value_1", "BiasTerm"]
    for row, share in zip(rows(top), rows(plain)):
        by_size = sorted(zip(plain.columns, share[:-1]), key=lambda pair: pair[1])
        assert (row[0], row[4]) == (by_size[-1][0], by_size[0][0])
        assert row[1] == pytest.approx(by_size[-1][1], rel=1e-6, abs=1e-9)
        assert row[5] == pytest.approx(by_size[0][1], rel=1e-6, abs=1e-9)
    for row, share in zip(rows(price.predict_contributions(table, top_n=-1, compare_abs=True)), rows(plain)):
        sizes = [abs(value) for value in row[1:-1:2]]
        assert sizes == sorted(sizes, reverse=True)
        assert sum(row[1:-1:2]) == pytest.approx(sum(share[:-1]), rel=1e-5, abs=1e-6)


def test_contributions_against_a_background(price, table):
    """Shares are relative to the mean prediction of the background rows."""
    some, background = table[0:10, :], table[10:40, :]
    shares = price.predict_contributions(some, background_frame=background)
    base = price.predict(background).mean()[0]
    for share, (predicted,) in zip(rows(shares), rows(price.predict(some))):
        assert share[-1] == pytest.approx(base, rel=1e-5)
        assert sum(share) == pytest.approx(predicted, rel=1e-5)
    pairs = price.predict_contributions(some, background_frame=background, output_per_reference=True)
    assert pairs.nrow == 300
    assert pairs.columns[-2:] == ["RowIdx", "BackgroundRowIdx"]


def test_contributions_of_several_classes_are_refused(kind, table):
    with pytest.raises(Exception, match="(?i)multinomial"):
        kind.predict_contributions(table)


# --- leaves, stages, frequencies


def test_leaf_assignment(price, kind, table):
    paths = price.predict_leaf_node_assignment(table)
    assert paths.columns == [f"T{i}" for i in range(1, 9)]
    assert all(set(cell) <= {"L", "R"} and 0 < len(cell) <= 3 for row in rows(paths) for cell in row)
    ids = price.predict_leaf_node_assignment(table, type="Node_ID")
    for row, numbers in zip(zip(*rows(paths)), zip(*rows(ids))):
        assert len(set(zip(row, numbers))) == len(set(row)) == len(set(numbers)), "a path names one leaf"
    assert kind.predict_leaf_node_assignment(table).columns == [f"T{t}.C{c}" for t in range(1, 9) for c in range(1, 4)]


def test_staged_predictions(price, late, table):
    stages = price.staged_predict_proba(table)
    assert stages.columns == [f"T{i}" for i in range(1, 9)]
    for row, (predicted,) in zip(rows(stages), rows(price.predict(table))):
        assert row[-1] == pytest.approx(predicted, rel=1e-5)
    assert late.staged_predict_proba(table).columns == [f"T{i}.C1" for i in range(1, 9)]


def test_feature_frequencies(price, table):
    counts = price.feature_frequencies(table)
    assert set(counts.columns) == set(PREDICTORS)
    lengths = [sum(map(len, row)) for row in rows(price.predict_leaf_node_assignment(table))]
    assert [sum(row) for row in rows(counts)] == lengths, "one split a step"


# --- dependence, importance, interaction


def test_partial_dependence(price, late, kind, table):
    by_size, by_colour = price.partial_plot(table, cols=["size", "colour"], nbins=5, plot=False)
    points, means = ([row[i] for row in by_size.cell_values] for i in (0, 1))
    assert (points[0], points[-1], len(points)) == (0.0, pytest.approx(10, abs=0.2), 5)
    assert means == sorted(means), "the price grows with the size"
    assert [row[0] for row in by_colour.cell_values] == ["blue", "green", "red"]
    assert by_colour.cell_values[0][1] < by_colour.cell_values[2][1]

    pinned = table.drop("size")
    pinned["size"] = points[2]
    assert means[2] == pytest.approx(price.predict(pinned).mean()[0], rel=1e-5)

    (pairs,) = late.partial_plot(table, col_pairs_2dpdp=[["size", "colour"]], nbins=4, plot=False)
    assert len(pairs.cell_values) == 12
    (one,) = price.partial_plot(table, cols=["size"], nbins=4, row_index=2, include_na=True, plot=False)
    assert len(one.cell_values) == 5
    assert all(row[2] == 0 for row in one.cell_values), "one row has no spread"
    (given,) = price.partial_plot(table, cols=["colour"], user_splits={"colour": ["red", "blue"]}, plot=False)
    assert [row[0] for row in given.cell_values] == ["red", "blue"]
    assert len(kind.partial_plot(table, cols=["size"], nbins=4, targets=["a", "b"], plot=False)) == 2


def test_partial_dependence_lasts(price, shared, table):
    form = {"model_id": price.model_id, "frame_id": table.frame_id, "cols": "[size]", "destination_key": "dependence"}
    status, job = shared.rest("POST", "/3/PartialDependence/", form=form)
    assert (status, job["dest"]["name"], job["description"]) == (200, "dependence", "PartialDependence")
    while shared.rest("GET", f"/3/Jobs/{job['key']['name']}")[1]["jobs"][0]["status"] == "RUNNING":
        pass
    shown = shared.rest("GET", "/3/PartialDependence/dependence")[1]
    assert (shown["model_id"]["name"], shown["cols"], shown["nbins"]) == ("price_gbm", ["size"], 20)
    assert shown["partial_dependence_data"][0]["rowcount"] == 20
    assert shared.rest("DELETE", "/3/DKV/dependence")[0] == 200
    assert shared.rest("GET", "/3/PartialDependence/dependence")[1]["partial_dependence_data"] is None


def test_permutation_importance(price, late, table):
    importance = price.permutation_importance(table, seed=1, use_pandas=False)
    assert importance.col_header == ["Variable", "Relative Importance", "Scaled Importance", "Percentage"]
    assert [row[0] for row in importance.cell_values][:2] == ["size", "colour"]
    assert sum(row[3] for row in importance.cell_values) == pytest.approx(1, rel=1e-5)
    again = price.permutation_importance(table, seed=1, use_pandas=False)
    assert again.cell_values == importance.cell_values, "the same seed shuffles the same way"
    runs = late.permutation_importance(table, metric="AUC", n_repeats=3, features=["size"], seed=1, use_pandas=False)
    assert runs.col_header == ["Variable", "Run 1", "Run 2", "Run 3"]
    with pytest.raises(Exception, match="nosuch"):
        price.permutation_importance(table, features=["nosuch"], use_pandas=False)


def test_interactions(price, table):
    tables = price.feature_interaction(max_interaction_depth=2)
    names = {row[1] for row in tables[0].cell_values}
    assert names <= set(PREDICTORS)
    assert "size" in names
    strength = price.h(table, ["size", "colour"])
    assert 0 <= strength < 1
    with pytest.raises(Exception, match="nosuch"):
        price.h(table, ["size", "nosuch"])


def test_trees(price, kind, table):
    tree = H2OTree(model=price, tree_number=0)
    assert len(tree) == len(tree.left_children) == len(tree.predictions)
    assert tree.features[0] == "size"
    inner = [i for i, left in enumerate(tree.left_children) if left != -1]
    assert all(tree.right_children[i] != -1 and tree.features[i] in PREDICTORS for i in inner)
    leaves = {tree.predictions[i] for i, left in enumerate(tree.left_children) if left == -1}
    assert len(leaves) > 3
    first = rows(price.staged_predict_proba(table))
    steps = {round(row[0], 4) for row in first}
    start = price._model_json["output"]["init_f"]
    assert steps <= {round(start + value, 4) for value in leaves} | {round(start + value + 1e-4, 4) for value in leaves} | {
        round(start + value - 1e-4, 4) for value in leaves
    }
    assert H2OTree(model=kind, tree_number=7, tree_class="b").tree_class == "b"
    for number, label in ((8, "b"), (0, "nosuch")):
        with pytest.raises(Exception, match="(?i)tree|class"):
            H2OTree(model=kind, tree_number=number, tree_class=label)


# --- thresholds, and what is written down


def test_reset_threshold(late, table):
    def share():
        return (late.predict(table)["predict"] == "yes").mean()[0]

    before = share()
    old = h2o.rapids(f"(model.reset.threshold {late.model_id} 0.01)")
    assert (old["num_rows"], old["num_cols"]) == (1, 1)
    assert share() > before
    assert h2o.get_model(late.model_id).default_threshold() == pytest.approx(0.01)


def test_model_details(price, tmp_path):
    path = price.save_model_details(str(tmp_path), force=True)
    with open(path) as file:
        details = json.load(file)
    assert details["algo"] == "gbm"
    assert details["output"]["names"][-1] == "price"


def test_no_java(price, shared, tmp_path):
    for path in ("/3/Models.java/price_gbm", "/3/Models/price_gbm/mojo", "/99/Models.mojo/price_gbm"):
        status, body = shared.rest("GET", path)
        assert (status, body["http_status"]) == (412, 412)
        assert "Models.fetch.bin" in body["msg"]
    for ask in (price.download_mojo, price.save_mojo, price.download_pojo):
        with pytest.raises(Exception):
            ask(str(tmp_path))
