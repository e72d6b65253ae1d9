"""The main job, with the h2o client as it comes: import real flights, train a
gradient boosting machine on whether one leaves 15 minutes late, validate it on
flights that it has not seen, score them, and print what came out.

    first_light.py URL [FILE]
"""

import os
import pathlib
import sys
import time

import h2o
from h2o.estimators import H2OGradientBoostingEstimator

HERE = pathlib.Path(__file__).resolve().parent
RESPONSE, LEAK = "dep_delayed_15min", "delay"


def step(text):
    print(f"\n== {text}", flush=True)
    return time.perf_counter()


def took(start):
    print(f"   {time.perf_counter() - start:.2f} s", flush=True)


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = "+".join("-" * (w + 2) for w in widths)
    for n, row in enumerate(rows):
        print(" " + " | ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))
        if n == 0:
            print(rule)


def main(url, file):
    h2o.connect(url=url, verbose=False)
    print(f"connected to {url}")

    start = step(f"import {os.path.basename(file)}")
    flights = h2o.import_file(file, destination_frame="flights")
    took(start)
    print(f"   {flights.nrow} rows, {flights.ncol} columns: " + ", ".join(f"{name} {kind}" for name, kind in flights.types.items()))
    train, test = flights.split_frame(ratios=[0.8], seed=1, destination_frames=["flights_train", "flights_test"])

    predictors = [name for name in flights.columns if name not in (RESPONSE, LEAK)]
    model = H2OGradientBoostingEstimator(model_id="first_light", ntrees=50, max_depth=5, seed=1)
    start = step(f"train {model.ntrees} trees on {train.nrow} flights")
    model.train(x=predictors, y=RESPONSE, training_frame=train, validation_frame=test)
    took(start)

    start = step(f"score {test.nrow} flights")
    scored = model.predict(test)
    took(start)
    late = scored.columns[-1]
    likely = scored[late].max()
    print(f"   columns {', '.join(scored.columns)}; the likeliest delay has probability {likely:.3f}")

    print()
    rows = [["metric", "training", "validation"]]
    for name in ("auc", "aucpr", "logloss", "rmse", "mean_per_class_error"):
        measure = getattr(model, name)
        values = [measure(train=True), measure(valid=True)]
        values = [v[0][1] if isinstance(v, list) else v for v in values]
        rows.append([name, *(f"{v:.4f}" for v in values)])
    table(rows)
    print("\nmost important: " + ", ".join(f"{row[0]} {100 * row[3]:.0f} %" for row in model.varimp()[:4]))
    print(
        f"""
The same in Python (pip install h2o-client=={h2o.__version__}):

    import h2o
    from h2o.estimators import H2OGradientBoostingEstimator
    h2o.connect(url="{url}")
    flights = h2o.import_file("{file}")
    train, test = flights.split_frame(ratios=[0.8], seed=1)
    model = H2OGradientBoostingEstimator(ntrees=50, max_depth=5, seed=1)
    model.train(x={predictors}, y="{RESPONSE}",
                training_frame=train, validation_frame=test)
    print(model.auc(valid=True))
    print(model.predict(test))
"""
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else str(HERE.parent / "data" / "flights-20k.csv.gz"))
