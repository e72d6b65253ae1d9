"""Writes init.json: small data with a fixed seed, and of GBMs that an H2O-3 3.46.0.12 server trained on it the init_f and the
deviance (of numbers) before the first tree.

    python golden.py http://127.0.0.1:54321
"""
import json
import os
import sys
import urllib.request

import h2o
import numpy as np
import pandas as pd
from h2o.estimators import H2OGradientBoostingEstimator

URL = sys.argv[1]
h2o.connect(url=URL, verbose=False)
h2o.no_progress()
rng = np.random.default_rng(11)
n = 40
df = pd.DataFrame({"x": rng.normal(size=n).round(3), "bernoulli": rng.integers(0, 2, n), "gaussian": rng.normal(5, 2, n).round(3),
                   "multinomial": rng.integers(0, 3, n), "w": rng.choice([0, .5, 1, 2], n), "offset": rng.normal(0, 1.5, n).round(3)})
df["count"] = rng.poisson(2, n)
df["positive"] = rng.gamma(2, 3, n).round(3)
df["quasi"] = rng.integers(0, 2, n)
df["whole"] = rng.integers(0, 3, n)  # weights for quantiles, of which the server drops fractions
frame = h2o.H2OFrame(df, column_types={"bernoulli": "enum", "multinomial": "enum"})
cases = []
families = {"gaussian": "gaussian", "bernoulli": "bernoulli", "multinomial": "multinomial", "poisson": "count", "gamma": "positive", "tweedie": "count",
            "laplace": "gaussian", "quantile": "gaussian", "huber": "gaussian", "quasibinomial": "quasi"}
for family, y in families.items():
    w = "whole" if family in ("laplace", "quantile", "huber") else "w"
    for special in ({}, {"weights_column": w}, {"offset_column": "offset"}, {"weights_column": w, "offset_column": "offset"}):
        if family == "multinomial" and "offset_column" in special:
            continue
        m = H2OGradientBoostingEstimator(ntrees=1, max_depth=1, min_rows=1, seed=1, distribution=family, tweedie_power=1.3, quantile_alpha=.8, huber_alpha=.7, **special)
        m.train(x=["x"], y=y, training_frame=frame)
        out = json.loads(urllib.request.urlopen(URL + "/3/Models/" + m.model_id).read())["models"][0]["output"]
        history = out["scoring_history"]
        named = dict(zip([c["name"] for c in history["columns"]], history["data"]))
        cases.append({"family": family, "response": y, "weights": special.get("weights_column", ""), "offset": "offset_column" in special, "init": out["init_f"],
                      "deviance": named.get("training_deviance", [None])[0]})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.json"), "w") as f:
    json.dump({"data": df.drop(columns="x").to_dict("list"), "cases": cases}, f, separators=(",", ":"))
    f.write("\n")
