"""Training, metrics, scoring, keeping."""

import pathlib

import pytest
from h2o.estimators import H2OGradientBoostingEstimator as GBM

PREDICTORS = ["size", "colour"]


def fit(table, y, **more):
    model = GBM(**{"ntrees": 20, "max_depth": 4, "seed": 1, "min_rows": 5, **more})
    model.train(x=PREDICTORS, y=y, training_frame=table)
    return model


def test_bernoulli(client, table):
    model = fit(table, "late")
    assert model.auc() > 0.95
    assert 0 < model.logloss() < 0.4
    assert model.actual_params["distribution"] == "bernoulli"
    assert len(model.scoring_history().cell_values) > 1
    importances = {row[0]: row[2] for row in model.varimp()}
    assert set(importances) == set(PREDICTORS)
    assert importances["size"] == 1

    scored = model.predict(table)
    assert scored.columns == ["predict", "no", "yes"]
    assert scored.nrow == table.nrow
    assert (scored["no"] + scored["yes"] - 1).abs().max() < 1e-6
    assert ((scored["predict"] == table["late"]).mean()[0]) > 0.85

    performance = model.model_performance(table)
    assert performance.auc() == pytest.approx(model.auc(), abs=1e-9)
    cells = performance.confusion_matrix().to_list()
    assert sum(map(sum, cells)) == 300
    assert performance.gini() == pytest.approx(2 * performance.auc() - 1)


def test_gaussian(client, table):
    model = fit(table, "price")
    assert model.r2() > 0.85
    assert model.rmse() == pytest.approx(model.mse() ** 0.5)
    scored = model.predict(table)
    assert scored.columns == ["predict"]
    mse = ((scored["predict"] - table["price"]) ** 2).mean()[0]
    assert mse == pytest.approx(model.mse(), rel=1e-5)


def test_multinomial(client, table):
    model = fit(table, "kind")
    assert model.mean_per_class_error() < 0.25
    scored = model.predict(table)
    assert scored.columns == ["predict", "a", "b", "c"]
    assert (scored["a"] + scored["b"] + scored["c"] - 1).abs().max() < 1e-6
    hits = model.hit_ratio_table(train=True)
    ratios = [row[1] for row in hits.cell_values]
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1


def test_validation_frame_and_early_stopping(client, table):
    train, valid = table.split_frame(ratios=[0.7], seed=3)
    model = GBM(ntrees=500, max_depth=3, seed=1, stopping_rounds=2, stopping_metric="logloss", stopping_tolerance=0.01, score_tree_interval=5)
    model.train(x=PREDICTORS, y="late", training_frame=train, validation_frame=valid)
    trees = model.summary()["number_of_trees"][0]
    assert 5 <= trees < 500
    assert model.auc(valid=True) > 0.8
    assert model.logloss(valid=True) > model.logloss(train=True)


def test_cross_validation(client, table):
    model = fit(table, "late", nfolds=3, fold_assignment="Modulo", keep_cross_validation_predictions=True)
    assert len(model.cross_validation_models()) == 3
    assert 0.8 < model.auc(xval=True) < model.auc(train=True)
    summary = model.cross_validation_metrics_summary()
    assert summary is not None
    holdout = model.cross_validation_holdout_predictions()
    assert holdout.nrow == table.nrow


def test_weights_count_as_rows(client, table):
    weighted = GBM(ntrees=10, max_depth=3, seed=1, min_rows=5)
    weighted.train(x=PREDICTORS, y="price", training_frame=table, weights_column="weight")
    repeated = table
    for times in (2, 3):
        repeated = repeated.rbind(table[table["weight"] >= times, :])
    plain = fit(repeated, "price", ntrees=10, max_depth=3)
    assert weighted.mse() == pytest.approx(plain.mse(), rel=1e-6)


def test_offset_and_ignored_columns(client, table):
    table["base"] = table["price"] - 1
    model = GBM(ntrees=5, max_depth=2, seed=1, ignored_columns=["price", "late", "kind", "weight"])
    model.train(y="price", training_frame=table, offset_column="base")
    assert {row[0] for row in model.varimp()} <= {"size", "colour"}
    assert model.mse() < 1e-6, "the offset leaves the constant 1"


def test_same_seed_same_model(client, table):
    first, second = (fit(table, "late", sample_rate=0.7, col_sample_rate=0.5).predict(table) for _ in range(2))
    assert (first["yes"] - second["yes"]).abs().max() == 0
    other = fit(table, "late", sample_rate=0.7, col_sample_rate=0.5, seed=2).predict(table)
    assert (first["yes"] - other["yes"]).abs().max() > 0


def test_unseen_levels_and_missing_columns(client, table, write):
    model = fit(table, "late")
    strange = client.import_file(write("strange.csv", "size,colour\n1,violet\n9,\n,red\n"), col_types={"colour": "enum"})
    with pytest.warns(UserWarning, match='levels not trained on: ."violet'):
        scored = model.predict(strange)
    assert scored.nrow == 3
    assert scored["yes"].isna().sum() == 0
    with pytest.warns(UserWarning, match="missing column 'colour'"):
        assert model.predict(strange[["size"]]).nrow == 3


def test_save_load_download(client, shared, table, tmp_path):
    model = fit(table, "late", model_id="kept")
    expected = model.predict(table)["yes"]
    path = client.save_model(model, path=str(tmp_path / "models"), force=True)
    assert pathlib.Path(path).is_file()
    downloaded = model.download_model(str(tmp_path))
    client.remove("kept")
    assert shared.rest("GET", "/3/Models/kept")[0] == 404

    again = client.load_model(path)
    assert again.model_id == "kept"
    assert (again.predict(table)["yes"] - expected).abs().max() == 0
    client.remove("kept")
    uploaded = client.upload_model(downloaded)
    assert (uploaded.predict(table)["yes"] - expected).abs().max() == 0


def test_list_and_delete(client, shared, table):
    fit(table, "late", model_id="one")
    fit(table, "price", model_id="two")
    names = {model["model_id"]["name"] for model in shared.rest("GET", "/3/Models")[1]["models"]}
    assert names == {"one", "two"}
    assert client.get_model("one").auc() > 0.9
    assert shared.rest("DELETE", "/3/Models/one")[0] == 200
    assert shared.rest("GET", "/3/Models/one")[0] == 404
    client.remove("two")
    assert not list((shared.data / "models").iterdir()), "a deleted model leaves no file"


def test_cancel(client, shared, table):
    status, answer = shared.rest(
        "POST", "/3/ModelBuilders/gbm", form={"training_frame": "flowers.hex", "response_column": "price", "ntrees": 100000, "model_id": "long"}
    )
    assert status == 200
    job = answer["job"]["key"]["name"]
    assert shared.rest("POST", f"/3/Jobs/{job}/cancel")[0] == 200
    state = "RUNNING"
    while state in ("RUNNING", "CANCEL_PENDING", "CREATED"):
        state = shared.rest("GET", f"/3/Jobs/{job}")[1]["jobs"][0]["status"]
    assert state == "CANCELLED"
