"""Writes init.json: small data with a fixed seed, and the init_f of GBMs that an H2O-3 3.46.0.12 server trained on it.

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
frame = h2o.H2OFrame(df, column_types={"bernoulli": "enum", "multinomial": "enum"})
cases = []
for y in ("gaussian", "bernoulli", "multinomial"):
    for special in ({}, {"weights_column": "w"}, {"offset_column": "offset"}, {"weights_column": "w", "offset_column": "offset"}):
        if y == "multinomial" and "offset_column" in special:
            continue
        m = H2OGradientBoostingEstimator(ntrees=1, max_depth=1, min_rows=1, seed=1, **special)
        m.train(x=["x"], y=y, training_frame=frame)
        out = json.loads(urllib.request.urlopen(URL + "/3/Models/" + m.model_id).read())["models"][0]["output"]
        cases.append({"family": y, "weights": "weights_column" in special, "offset": "offset_column" in special, "init": out["init_f"]})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.json"), "w") as f:
    json.dump({"data": df.drop(columns="x").to_dict("list"), "cases": cases}, f, separators=(",", ":"))
    f.write("\n")
