#!/usr/bin/env python3
"""Held-out loss of tree models on real data, of any servers that speak the H2O REST API.

    quality.py run  --url http://127.0.0.1:54321 --label geyser  > geyser.jsonl
    quality.py run  --url http://127.0.0.1:54999 --label h2o     > h2o.jsonl
    quality.py table geyser.jsonl h2o.jsonl                      # Markdown: the first against the second

Each set is split anew for each seed, 70 to 30, the same way for all servers. The loss is the logarithmic one of
classes and the root of the mean squared error of numbers. "run" goes on where the file given by --resume ends.
"""

import argparse
import collections
import json
import math
import pathlib
import statistics
import sys
import tempfile

import sets

SETTINGS = {
    "gbm": ("GradientBoosting", {}),
    "gbm tuned": ("GradientBoosting", dict(ntrees=200, max_depth=6, learn_rate=0.05, sample_rate=0.8, col_sample_rate=0.8, min_rows=5)),
    "drf": ("RandomForest", {}),
}


def rows_of(file):
    """Returns the results in a file; the client prints notes of its own between them."""
    return [json.loads(line) for line in open(file) if line.startswith("{")]


def run(a):
    import h2o
    from h2o import estimators

    h2o.connect(url=a.url, verbose=False)
    h2o.no_progress()
    done = set()
    if a.resume and pathlib.Path(a.resume).exists():
        done = {(r["set"], r["seed"], r["setting"]) for r in rows_of(a.resume)}
    with tempfile.TemporaryDirectory() as folder:
        for name in a.sets or sets.SETS:
            kind, data, y = sets.load(name)
            for seed in range(1, a.seeds + 1):
                todo = [s for s in a.settings if (name, seed, s) not in done]
                if not todo:
                    continue
                frames = []
                for part, d in zip(("train", "test"), sets.split(data, seed)):
                    path = pathlib.Path(folder, f"{name}-{part}.csv")
                    d.to_csv(path, index=False)
                    types = {y: "real" if kind == "regression" else "enum"}
                    frames.append(h2o.import_file(str(path), destination_frame=f"{name}_{part}", header=1, col_types=types))
                for setting in todo:
                    algorithm, options = SETTINGS[setting]
                    m = getattr(estimators, f"H2O{algorithm}Estimator")(seed=seed, **options)
                    m.train(y=y, training_frame=frames[0])
                    p = m.model_performance(frames[1])
                    loss = p.rmse() if kind == "regression" else p.logloss()
                    row = {"label": a.label, "set": name, "kind": kind, "rows": len(data), "columns": len(data.columns) - 1,
                           "seed": seed, "setting": setting, "loss": loss}
                    print(json.dumps(row), flush=True)
                    h2o.remove(m.model_id)
                for f in frames:
                    h2o.remove(f.frame_id)


def table(a):
    first, second = ({(r["setting"], r["set"], r["seed"]): r for r in rows_of(f)} for f in a.files)
    one, two = (next(iter(x.values()))["label"] for x in (first, second))
    pairs = collections.defaultdict(list)
    for key, r in first.items():
        if key in second:
            pairs[key[0], key[1]].append((r, second[key]))
    for setting in SETTINGS:
        names = [n for n in sets.SETS if (setting, n) in pairs]
        if not names:
            continue
        print(f"\n{setting} {SETTINGS[setting][1] or '(defaults)'}\n")
        print(f"| data | kind | rows × columns | {one} | {two} | difference, % | verdict |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        means = []
        for n in names:
            rows = pairs[setting, n]
            change = [100 * math.log(r["loss"] / s["loss"]) for r, s in rows]
            mean = statistics.mean(change)
            error = statistics.stdev(change) / math.sqrt(len(change)) if len(change) > 1 else math.nan
            means.append(mean)
            verdict = "even" if not abs(mean) > 2 * error else "better" if mean < 0 else "worse"
            r = rows[0][0]
            losses = [statistics.mean(x[k]["loss"] for x in rows) for k in (0, 1)]
            print(f"| {n} | {r['kind']} | {r['rows']} × {r['columns']} | {losses[0]:.4g} | {losses[1]:.4g} | {mean:+.2f} ± {error:.2f} | {verdict} |")
        print(f"\nMean difference {statistics.mean(means):+.2f} %, median {statistics.median(means):+.2f} %.")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = p.add_subparsers(required=True)
    r = commands.add_parser("run")
    r.add_argument("--url", required=True)
    r.add_argument("--label", required=True)
    r.add_argument("--seeds", type=int, default=5)
    r.add_argument("--sets", nargs="*", choices=sets.SETS)
    r.add_argument("--settings", nargs="*", choices=SETTINGS, default=list(SETTINGS))
    r.add_argument("--resume", help="file with rows that need not be made again")
    r.set_defaults(do=run)
    t = commands.add_parser("table")
    t.add_argument("files", nargs=2)
    t.set_defaults(do=table)
    a = p.parse_args()
    a.do(a)


if __name__ == "__main__":
    sys.exit(main())
