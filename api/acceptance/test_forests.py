"""Every algorithm of trees through the unmodified client: training, cross-validation, keeping, going on."""

import json
import os
import pathlib

import h2o
import pytest
from h2o.estimators import (
    H2OExtendedIsolationForestEstimator,
    H2OGradientBoostingEstimator,
    H2OIsolationForestEstimator,
    H2ORandomForestEstimator,
    H2OXGBoostEstimator,
)

PREDICTORS = ["size", "colour", "weight"]
SUPERVISED = {"gbm": H2OGradientBoostingEstimator, "drf": H2ORandomForestEstimator, "xgboost": H2OXGBoostEstimator}
ANOMALY = {"isolationforest": H2OIsolationForestEstimator, "extendedisolationforest": H2OExtendedIsolationForestEstimator}


def needs(name):
    """XGBoost trains where its library is; make libxgboost fetches it."""
    if name == "xgboost" and not H2OXGBoostEstimator.available():
        pytest.skip("no XGBoost library")
    return name


def fit(algorithm, table, y="late", **more):
    needs(algorithm)
    if algorithm in ANOMALY:
        model = ANOMALY[algorithm](**{"ntrees": 10, "sample_size": 64, "seed": 1, **more})
        model.train(x=PREDICTORS, training_frame=table)
        return model
    model = SUPERVISED[algorithm](**{"ntrees": 10, "max_depth": 4, "min_rows": 5, "seed": 1, **more})
    model.train(x=PREDICTORS, y=y, training_frame=table)
    return model


def same(first, second):
    """Whether two frames hold the same."""
    return h2o.as_list(first, use_pandas=False) == h2o.as_list(second, use_pandas=False)


@pytest.fixture(params=SUPERVISED)
def algorithm(request, client):
    return needs(request.param)


@pytest.fixture(params=[*SUPERVISED, *ANOMALY])
def any_algorithm(request, client):
    return needs(request.param)


# --- training


def test_two_classes(algorithm, table):
    model = fit(algorithm, table)
    scored = model.predict(table)
    assert scored.columns == ["predict", "no", "yes"]
    assert (scored["no"] + scored["yes"] - 1).abs().max() < 1e-5
    assert (scored["predict"] == table["late"]).mean()[0] > 0.85
    assert model.auc() > 0.9
    assert model.model_performance(table).auc() > 0.93
    assert {row[0].split(".")[0] for row in model.varimp()} <= set(PREDICTORS)
    assert model.ntrees_actual() == 10
    assert len(model.scoring_history().cell_values) >= 2


def test_numbers(algorithm, table):
    model = fit(algorithm, table, "price", ntrees=20)
    assert model.predict(table).columns == ["predict"]
    assert model.model_performance(table).r2() > 0.8
    assert model.r2() > 0.7


def test_several_classes(algorithm, table):
    model = fit(algorithm, table, "kind")
    scored = model.predict(table)
    assert scored.columns == ["predict", "a", "b", "c"]
    assert (scored["a"] + scored["b"] + scored["c"] - 1).abs().max() < 1e-5
    assert model.model_performance(table).mean_per_class_error() < 0.25


def test_same_seed_same_model(any_algorithm, table):
    assert same(*(fit(any_algorithm, table).predict(table) for _ in range(2)))


def test_validation_and_early_stopping(algorithm, table):
    train, valid = table.split_frame(ratios=[0.7], seed=3)
    model = SUPERVISED[algorithm](ntrees=300, max_depth=4, seed=1, stopping_rounds=2, stopping_metric="logloss", stopping_tolerance=0.05, score_tree_interval=2)
    model.train(x=PREDICTORS, y="late", training_frame=train, validation_frame=valid)
    assert 2 <= model.ntrees_actual() < 300
    assert model.auc(valid=True) > 0.8


def test_weights(algorithm, table):
    model = SUPERVISED[algorithm](ntrees=5, max_depth=3, seed=1)
    model.train(x=["size", "colour"], y="price", training_frame=table, weights_column="weight")
    assert model.model_performance(table).r2() > 0.3


# --- anomalies


@pytest.mark.parametrize("name", ANOMALY)
def test_anomalies(name, client, table):
    """The row that is unlike all others scores highest."""
    odd = table[["size", "weight"]].rbind(client.H2OFrame([[60.0, 40.0]], column_names=["size", "weight"]))
    model = ANOMALY[name](ntrees=50, sample_size=128, seed=1)
    model.train(x=["size", "weight"], training_frame=odd)
    scored = model.predict(odd)
    score = "predict" if name == "isolationforest" else "anomaly_score"
    assert scored.columns == [score, "mean_length"]
    values = [float(row[0]) for row in h2o.as_list(scored, use_pandas=False)[1:]]
    assert values[-1] == max(values)
    lengths = [float(row[1]) for row in h2o.as_list(scored, use_pandas=False)[1:]]
    assert lengths[-1] == min(lengths)
    metrics = model._model_json["output"]["training_metrics"]
    assert metrics["mean_score"] > metrics["mean_normalized_score"] > 0
    assert model._model_json["output"]["model_category"] == "AnomalyDetection"


def test_contamination(table):
    model = fit("isolationforest", table, contamination=0.1)
    scored = model.predict(table)
    assert scored.columns == ["predict", "score", "mean_length"]
    share = (scored["predict"] == "1").mean()[0]
    assert 0.02 < share < 0.25


# --- cross-validation


@pytest.mark.parametrize("models, predictions, folds", [(True, True, True), (False, False, False), (False, True, False)])
def test_cross_validation_keeps(algorithm, table, shared, models, predictions, folds):
    model = fit(
        algorithm, table, nfolds=3, fold_assignment="Modulo", model_id="main",
        keep_cross_validation_models=models, keep_cross_validation_predictions=predictions, keep_cross_validation_fold_assignment=folds,
    )
    assert 0.7 < model.auc(xval=True) <= 1
    assert (model.cross_validation_models() is not None) == models
    names = {shown["model_id"]["name"] for shown in shared.rest("GET", "/3/Models")[1]["models"]}
    assert names == {"main", *(f"main_cv_{i}" for i in (1, 2, 3) if models)}
    assert (model.cross_validation_holdout_predictions() is not None) == predictions
    if predictions:
        assert model.cross_validation_holdout_predictions().nrow == table.nrow
        assert len(model.cross_validation_predictions()) == 3
    assert (model.cross_validation_fold_assignment() is not None) == folds
    if folds:
        assert model.cross_validation_fold_assignment().nrow == table.nrow
    assert len(model.cross_validation_metrics_summary().cell_values) > 10
    h2o.remove("main")
    assert shared.rest("GET", "/3/Models")[1]["models"] == [], "with the model go its folds"


def test_fold_column(algorithm, table):
    table["fold"] = table["weight"]
    model = SUPERVISED[algorithm](ntrees=5, max_depth=3, seed=1)
    model.train(x=["size", "colour"], y="late", training_frame=table, fold_column="fold")
    assert len(model.cross_validation_models()) == 3


# --- keeping


def test_save_load_download_upload(any_algorithm, shared, table, tmp_path):
    model = fit(any_algorithm, table, model_id="kept")
    expected = h2o.as_list(model.predict(table), use_pandas=False)
    saved = h2o.save_model(model, path=str(tmp_path / "models"), force=True)
    downloaded = model.download_model(str(tmp_path))
    details = model.save_model_details(str(tmp_path), force=True)
    assert json.loads(pathlib.Path(details).read_text())["algo"] == any_algorithm
    for read in (lambda: h2o.load_model(saved), lambda: h2o.upload_model(downloaded)):
        h2o.remove("kept")
        assert shared.rest("GET", "/3/Models/kept")[0] == 404
        again = read()
        assert again.model_id == "kept"
        assert h2o.as_list(again.predict(table), use_pandas=False) == expected
        assert again.actual_params["ntrees"] == 10


@pytest.mark.parametrize("name", [*SUPERVISED, "isolationforest"])
def test_export_checkpoints(name, table, tmp_path):
    fit(name, table, model_id="exported", export_checkpoints_dir=str(tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == ["exported"]
    h2o.remove("exported")
    assert h2o.load_model(str(tmp_path / "out" / "exported")).model_id == "exported"
    with pytest.raises(Exception, match="out of reach"):
        fit(name, table, export_checkpoints_dir="/etc")


@pytest.mark.parametrize("name", ["gbm", "drf"])
def test_checkpoint(name, table):
    """Going on from five trees gives what ten at once give."""
    start = fit(name, table, "price", ntrees=5, model_id="five")
    on = fit(name, table, "price", ntrees=10, checkpoint="five")
    assert (start.ntrees_actual(), on.ntrees_actual()) == (5, 10)
    at_once = fit(name, table, "price", ntrees=10)
    assert (on.predict(table) - at_once.predict(table)).abs().max() < 1e-5
    for wrong, words in (({"ntrees": 5}, "ntrees"), ({"max_depth": 7}, "max_depth"), ({"checkpoint": "nosuch"}, "nosuch")):
        with pytest.raises(Exception, match=words):
            fit(name, table, "price", **{"ntrees": 10, "checkpoint": "five", **wrong})


def test_checkpoints_while_training(table, tmp_path):
    folder = tmp_path / "growing"
    model = fit("gbm", table, ntrees=6, model_id="grown", in_training_checkpoints_dir=str(folder), in_training_checkpoints_tree_interval=2)
    assert sorted(os.listdir(folder)) == ["grown.ntrees_2", "grown.ntrees_4", "grown.ntrees_6"]
    half = h2o.load_model(str(folder / "grown.ntrees_4"))
    assert (half.model_id, half.ntrees_actual()) == ("grown.ntrees_4", 4)
    assert model.ntrees_actual() == 6
    on = fit("gbm", table, ntrees=6, checkpoint="grown.ntrees_4")
    assert (on.predict(table)["yes"] - model.predict(table)["yes"]).abs().max() < 1e-6
    with pytest.raises(Exception, match="out of reach"):
        fit("gbm", table, in_training_checkpoints_dir="/etc")


# --- probabilities and encodings


@pytest.mark.parametrize("method", ["PlattScaling", "IsotonicRegression"])
def test_calibration(algorithm, table, method):
    train, rest = table.split_frame(ratios=[0.6], seed=5)
    model = SUPERVISED[algorithm](ntrees=10, max_depth=4, seed=1, calibrate_model=True, calibration_frame=rest, calibration_method=method)
    model.train(x=PREDICTORS, y="late", training_frame=train)
    scored = model.predict(rest)
    assert scored.columns == ["predict", "no", "yes", "cal_no", "cal_yes"]
    assert (scored["cal_no"] + scored["cal_yes"] - 1).abs().max() < 1e-6
    actual = (rest["late"] == "yes").mean()[0]
    assert scored["cal_yes"].mean()[0] == pytest.approx(actual, abs=0.02)


ENCODINGS = ["Enum", "OneHotExplicit", "Binary", "Eigen", "LabelEncoder", "SortByResponse", "EnumLimited", "OneHotInternal"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(algorithm, table, encoding):
    if encoding == ("Enum" if algorithm == "xgboost" else "OneHotInternal"):
        with pytest.raises(Exception, match=encoding):
            fit(algorithm, table, "price", categorical_encoding=encoding)
        return
    model = fit(algorithm, table, "price", ntrees=20, categorical_encoding=encoding)
    assert model.model_performance(table).r2() > 0.7
    names = model._model_json["output"]["names"]
    if encoding == "OneHotExplicit":
        assert {"colour.red", "colour.green", "colour.blue"} <= set(names)
        assert model._model_json["output"]["original_names"][-1] == "price"
    assert model.predict(table[["size", "colour", "weight"]]).nrow == table.nrow


def test_balanced_classes(table):
    for name in ("gbm", "drf"):
        rare = table[table["late"] == "no", :].rbind(table[table["late"] == "yes", :][0:30, :])
        model = fit(name, rare, balance_classes=True, ntrees=20)
        share = (rare["late"] == "yes").mean()[0]
        assert model.predict(rare)["yes"].mean()[0] == pytest.approx(share, abs=0.1), "probabilities are those of the data"


@pytest.mark.parametrize("name", ["gbm", "xgboost"])
def test_monotone_constraints(name, table):
    model = fit(name, table, "price", monotone_constraints={"size": 1})
    (dependence,) = model.partial_plot(table, cols=["size"], nbins=20, plot=False)
    means = [row[1] for row in dependence.cell_values]
    assert means == sorted(means)


def test_row_to_tree_assignment(table):
    """The client asks it of GBM alone."""
    rows = fit("gbm", table, "price", sample_rate=0.6).row_to_tree_assignment(table)
    assert rows.nrow == table.nrow
    assert rows.columns == ["row_id", *(f"tree_{i}" for i in range(1, 11))]
    for i in range(1, 11):
        assert 0.45 < rows[f"tree_{i}"].asnumeric().mean()[0] < 0.75


def test_contributions(algorithm, table):
    model = fit(algorithm, table, "price")
    shares = model.predict_contributions(table)
    total = shares[0]
    for i in range(1, shares.ncol):
        total = total + shares[i]
    assert (total - model.predict(table)["predict"]).abs().max() < 1e-3
    assert shares.columns[-1] == "BiasTerm"
    compact = model.predict_contributions(table, output_format="compact")
    assert set(compact.columns) == {*PREDICTORS, "BiasTerm"}


def test_explain_one_model(table, monkeypatch):
    """The page of plots that the client makes of one model."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pytest.importorskip("matplotlib")
    pytest.importorskip("numpy")
    model = fit("gbm", table, "price")
    pages = model.explain(table, render=False, top_n_features=1)
    assert pages
    assert model.explain_row(table, 3, render=False)


def test_not_for_this_model(table, shared):
    """What only some models answer is refused by name for the others."""
    fit("extendedisolationforest", table, model_id="eif")
    for question in ("leaf_node_assignment", "predict_staged_proba", "feature_frequencies", "row_to_tree_assignment"):
        status, body = shared.rest("POST", "/3/Predictions/models/eif/frames/flowers.hex", form={question: "true"})
        assert 400 <= status < 500, (question, body)
    for method, path, form in (
        ("GET", "/3/Tree?model=eif&tree_number=0", None),
        ("POST", "/3/FeatureInteraction", {"model_id": "eif", "max_interaction_depth": 1, "max_tree_depth": 9, "max_deepening": -1}),
        ("POST", "/3/FriedmansPopescusH", {"model_id": "eif", "frame": "flowers.hex", "variables": "[size]"}),
    ):
        path, _, query = path.partition("?")
        status, body = shared.rest(method, path, form=form, **dict(part.split("=") for part in query.split("&") if part))
        assert 400 <= status < 500, (path, body)
