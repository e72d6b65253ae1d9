"""Writes h2o.json: inputs with a fixed seed, and what an H2O-3 3.46.0.12 server measured on them.

    python golden.py http://127.0.0.1:54321

The cases "few" to "reg_weights" send predictions to /3/ModelMetrics/predictions_frame; "cv_*" train small GBMs with
cross-validation and keep holdout predictions, fold numbers and the summary table.
"""
import json
import os
import sys
import urllib.parse
import urllib.request

import h2o
import numpy as np
import pandas as pd
from h2o.estimators import H2OGradientBoostingEstimator

URL = sys.argv[1]
h2o.connect(url=URL, verbose=False)
h2o.no_progress()
rng = np.random.default_rng(7)
META = {"__meta", "model", "model_checksum", "frame", "frame_checksum", "scoring_time", "predictions", "custom_metric_name",
        "custom_metric_value", "model_category"}


def ask(path, **form):
    body = urllib.parse.urlencode(form).encode() if form else None
    return json.loads(urllib.request.urlopen(URL + path, body).read())


def tidy(x):
    if isinstance(x, dict):
        return {k: tidy(v) for k, v in x.items() if k not in META}
    return [tidy(v) for v in x] if isinstance(x, list) else x


def upload(columns, types=None):
    return h2o.H2OFrame(pd.DataFrame(columns), column_types=types)


def measure(pred, actual, w, **form):
    if w is not None:
        form["weights_frame"] = upload({"w": w}).frame_id
    return tidy(ask("/3/ModelMetrics/predictions_frame/%s/actuals_frame/%s" % (pred.frame_id, actual.frame_id), **form)["model_metrics"])


def weights(of, n):
    return None if of is None else rng.choice(of, n)


def listed(w):
    return None if w is None else w.tolist()


def binomial(n, digits, of=None, rate=.4):
    y = (rng.random(n) < rate).astype(int)
    p = np.clip(rng.beta(2, 3, n) * .7 + .25 * y, 1e-3, 1 - 1e-3)
    p = np.round(p, digits) if digits else p
    w = weights(of, n)
    m = measure(upload({"p": p}), upload({"y": np.where(y, "yes", "no")}, {"y": "enum"}), w, domain='["no","yes"]', auc_type="NONE")
    return {"domain": ["no", "yes"], "y": y.tolist(), "p": [p.tolist()], "w": listed(w), "metrics": m}


def multinomial(n, k, auc_type, of=None):
    y = rng.integers(0, k, n)
    p = rng.dirichlet(np.ones(k), n)
    p[np.arange(n), y] += .4
    p = np.round(p / p.sum(1, keepdims=True), 3)
    p += np.arange(k) * 1e-5  # no ties between classes: the original breaks them by a hash of the row
    domain = ["a", "b", "c", "d"][:k]
    w = weights(of, n)
    m = measure(upload({domain[j]: p[:, j] for j in range(k)}), upload({"y": [domain[i] for i in y]}, {"y": "enum"}), w,
                domain=json.dumps(domain), auc_type=auc_type)
    return {"domain": domain, "y": y.tolist(), "p": p.T.tolist(), "w": listed(w), "auc_type": auc_type, "metrics": m}


def regression(n, of=None, shift=.1):
    y = np.round(rng.gamma(2, 2, n) + shift, 3)
    p = np.round(y * .7 + rng.random(n), 3)
    w = weights(of, n)
    m = measure(upload({"p": p}), upload({"y": y}), w, distribution="gaussian", auc_type="NONE")
    return {"y": y.tolist(), "p": [p.tolist()], "w": listed(w), "metrics": m}


def crossval(response, columns):
    m = H2OGradientBoostingEstimator(ntrees=5, max_depth=3, min_rows=5, seed=3, nfolds=3, keep_cross_validation_predictions=True,
                                     keep_cross_validation_fold_assignment=True)
    df = pd.DataFrame(columns)
    m.train(x=["x1", "x2"], y=response, training_frame=upload(df, {"yb": "enum", "ym": "enum"}))
    out = ask("/3/Models/" + m.model_id)["models"][0]["output"]
    holdout = m.cross_validation_holdout_predictions().as_data_frame(use_pandas=True)
    folds = m.cross_validation_fold_assignment().as_data_frame(use_pandas=True).iloc[:, 0]
    domain = None if response == "yr" else sorted(df[response].unique())
    y = df[response] if domain is None else df[response].map({c: i for i, c in enumerate(domain)})
    p = [holdout["predict"].tolist()] if domain is None else [holdout[c].tolist() for c in domain]
    return {"domain": domain, "y": y.tolist(), "p": p[1:] if domain and len(domain) == 2 else p, "folds": folds.tolist(),
            "metrics": tidy(out["cross_validation_metrics"]), "summary": tidy(out["cross_validation_metrics_summary"])}


cases = {
    "few": binomial(60, 2), "weights": binomial(90, 2, [0, .5, 1, 2, 1.25]), "whole_weights": binomial(80, 1, [0, 1, 2, 3]),
    "rare": binomial(500, 3, rate=.03), "big": binomial(2400, 2), "many": binomial(1200, 0), "one_class": binomial(30, 2, rate=0),
}
for t in ("NONE", "MACRO_OVR", "WEIGHTED_OVR", "MACRO_OVO", "WEIGHTED_OVO"):
    cases["multi_" + t.lower()] = multinomial(70, 3, t)
for table in ("thresholds_and_metric_scores", "max_criteria_and_metric_scores", "cm", "gains_lift_table"):
    del cases["many"]["metrics"][table]  # approximate beyond 400 scores, and long
cases["multi_weights"] = multinomial(60, 4, "WEIGHTED_OVO", [0, .5, 1, 2])
cases["reg"] = regression(50)
cases["reg_negative"] = regression(50, shift=-3)
cases["reg_weights"] = regression(50, [0, .5, 1, 2])
n = 200
x1, x2 = rng.normal(size=n).round(3), rng.integers(0, 5, n)
data = {"x1": x1, "x2": x2, "yr": (x1 * 2 + x2 + rng.normal(size=n)).round(3),
        "yb": np.where(rng.random(n) < 1 / (1 + np.exp(-(x1 + .3 * x2 - 1))), "yes", "no"),
        "ym": np.array(["a", "b", "c"])[np.clip((x1 + rng.normal(size=n) * .7 + 1.5).astype(int), 0, 2)]}
for response in ("yr", "yb", "ym"):
    cases["cv_" + response] = crossval(response, data)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "h2o.json"), "w") as f:
    f.write("{\n" + ",\n".join('"%s": %s' % (k, json.dumps(v, separators=(",", ":"))) for k, v in cases.items()) + "\n}\n")
