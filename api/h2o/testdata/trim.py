"""Makes the golden files of this folder from recordings of H2O 3.46.0.12.

    python trim.py RECORDINGS

Of each answer only its shape is kept: names, kinds of values and schema names,
no values, help or messages; of tables the columns. Lists keep one element; lists of named things keep
one of each name. Null says nothing about the kind. Of the routes the parameters are kept, but
those of the model builders.
"""
import json, os, sys

ANSWERS = {
    "cloud": "connect/0004", "session": "connect/0005", "end_session": "connect/0006", "rapids_string": "connect/0018",
    "post_file": "connect/0051", "parse_setup": "connect/0052", "parse": "connect/0053", "job": "connect/0055",
    "frame": "connect/0056", "rapids_number": "connect/0058", "init_id": "connect/0069", "property": "connect/0070",
    "import_multi": "jobs/0005", "job4": "jobs/0019", "jobs": "jobs/0021", "cancel": "jobs/0024", "models": "jobs/0042",
    "delete_models": "jobs/0043", "frames": "frames/0089", "light": "frames/0093", "summary": "frames/0094",
    "column": "frames/0096", "domain": "frames/0098", "chunks": "frames/0117", "find": "frames/0118",
    "export": "frames/0070", "delete_frame": "frames/0155", "remove": "frames/0157", "remove_all": "frames/0158",
    "rapids_frame": "frames/0026", "train": "errors/0063", "model_regression": "gbm/0020", "model_binomial": "gbm/0100",
    "model_multinomial": "gbm/0176", "measure": "gbm/0025", "predict": "errors/0142", "predict_later": "errors/0143",
    "model_id": "errors/0085", "error": "errors/0017", "builder_error": "errors/0020", "missing_field": "errors/0130",
    "about": "logs_and_admin/0020", "ping": "logs_and_admin/0021", "log": "logs_and_admin/0023", "jstack": "logs_and_admin/0030",
    "network": "logs_and_admin/0031", "capabilities": "logs_and_admin/0034", "typeahead": "logs_and_admin/0036",
    "steam": "logs_and_admin/0045", "endpoints4": "logs_and_admin/0048", "grids": "logs_and_admin/0054",
    "leaderboards": "logs_and_admin/0055", "metrics": "logs_and_admin/0056", "endpoint": "logs_and_admin/0057",
    "leaves": "gbm/0027", "contributions": "gbm/0036", "partial_job": "gbm/0070", "partial": "gbm/0073", "partial_pairs": "gbm/0077",
    "no_partial": "errors/0128", "interactions": "gbm/0033", "h": "gbm/0034", "tree": "gbm/0120", "tree_regression": "gbm/0035",
    "details": "gbm_more/0238", "mojo": "errors/0127", "importance": "gbm/0089", "threshold": "gbm/0108",
    "model_drf": "drf/0020", "model_isolationforest": "isolationforest/0020", "model_extendedisolationforest": "isolationforest/0055",
    "measure_anomaly": "isolationforest/0025",
    "echo": "logs_and_admin/0061", "collect": "logs_and_admin/0063", "lock": "logs_and_admin/0065",
}
SCHEMAS = {"CloudV3": "connect/0001", "H2OErrorV3": "connect/0002", "H2OModelBuilderErrorV3": "connect/0003"}


def shape(v):
    if v is None:
        return None
    if isinstance(v, bool):
        return "boolean"
    if isinstance(v, (int, float)) or v in ("NaN", "Infinity", "-Infinity"):
        return "number"
    if isinstance(v, str):
        return "string"
    if isinstance(v, list):
        if any(isinstance(e, str) and e.startswith("…truncated") for e in v):
            v = [e for e in v if not (isinstance(e, str) and e.startswith("…truncated"))]
        if v and all(isinstance(e, dict) and isinstance(e.get("name"), str) and "URL" not in e for e in v):
            return {"[]": {e["name"]: shape(e) for e in v}}
        for e in v:
            if e is not None:
                return [shape(e)]
        return []
    if "…truncated…" in v:
        return None
    out = {}
    if "rowcount" in v:  # cells of a table differ by column
        v = dict(v, data=[])
    for k, x in v.items():
        out[k] = x["schema_name"] + " " + x["schema_type"] if k == "__meta" and isinstance(x, dict) and "schema_name" in x else shape(x)
    return out


def find(root, prefix):
    folder, number = prefix.split("/")
    for f in os.listdir(os.path.join(root, folder)):
        if f.startswith(number):
            return json.load(open(os.path.join(root, folder, f), encoding="utf-8"))["response"]["body"]


def main(root):
    here = os.path.dirname(os.path.abspath(__file__))
    write = lambda name, v: open(os.path.join(here, name), "w", encoding="utf-8").write(
        json.dumps(v, ensure_ascii=False, separators=(",", ":"), indent=0) + "\n")
    write("answers.json", {n: shape(find(root, p)) for n, p in ANSWERS.items()})
    write("schemas.json", {n: [[f["name"], f["type"], f["level"], f["direction"], f["is_inherited"]]
                               for f in find(root, p)["schemas"][0]["fields"]] for n, p in SCHEMAS.items()})
    routes = json.load(open(os.path.join(root, "metadata", "GET_3_Metadata_endpoints.json"), encoding="utf-8"))["routes"]
    schemas = json.load(open(os.path.join(root, "metadata", "GET_3_Metadata_schemas.json"), encoding="utf-8"))["schemas"]
    inputs = {s["name"]: sorted(f["name"] for f in s["fields"] if f["direction"] in ("INPUT", "INOUT") and f["name"][0] != "_")
              for s in schemas}
    builder = lambda path: "ModelBuilders/" in path or "Grid/" in path
    write("routes.json", {r["http_method"] + " " + r["url_pattern"]: [] if builder(r["url_pattern"]) else inputs.get(r["input_schema"], [])
                          for r in sorted(routes, key=lambda r: r["url_pattern"])})


main(sys.argv[1])
