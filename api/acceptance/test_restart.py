"""kill -9 at awkward moments, and what is there afterwards."""

import json
import random
import time

import h2o
import pytest
from h2o.estimators import H2OGradientBoostingEstimator as GBM

from conftest import flowers

ROWS = 400_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file that takes some time to parse."""
    path = tmp_path_factory.mktemp("large") / "large.csv"
    draw = random.Random(5)
    block = "".join(f"{draw.random():.9f},{draw.choice('abcdefgh')}{draw.randint(0, 99)},{draw.randint(0, 10**6)}\n" for _ in range(4000))
    with open(path, "w") as file:
        file.write("x,c,n\n")
        for _ in range(ROWS // 4000):
            file.write(block)
    return str(path)


def views(server):
    """What the server shows of the objects that must survive, without its own address."""
    paths = ("/3/Frames/kept.hex", "/3/Frames/derived", "/3/Models/kept", "/3/PartialDependence/dependence")
    text = json.dumps({path: server.rest("GET", path) for path in paths})
    return json.loads(text.replace(server.url.removeprefix("http://"), "ADDRESS"))


def differences(a, b, at=""):
    """Where two JSON values differ; what tells about the running server may."""
    if at.endswith(".reproducibility_information_table"):
        return []
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for key in a for d in differences(a[key], b[key], f"{at}.{key}")]
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b)) for d in differences(x, y, f"{at}[{i}]")]
    return [] if a == b else [f"{at}: {a!r} became {b!r}"]


def checked(server):
    """What must hold of every server that starts after a kill."""
    jobs = server.rest("GET", "/3/Jobs")[1]["jobs"]
    for job in jobs:
        assert job["status"] in ("DONE", "FAILED", "CANCELLED"), job
        if job["status"] == "FAILED":
            assert "server restarted" in str(job["exception"]), job
    frames = {frame["frame_id"]["name"]: frame["rows"] for frame in server.rest("GET", "/3/Frames")[1]["frames"]}
    models = {model["model_id"]["name"] for model in server.rest("GET", "/3/Models")[1]["models"]}
    assert len(list((server.data / "frames").iterdir())) == len(frames), "leftovers are removed"
    assert len(list((server.data / "models").iterdir())) == len(models), "leftovers are removed"
    assert not list((server.data / "uploads").iterdir())
    return {job["key"]["name"]: job["status"] for job in jobs}, frames, models


def test_everything_done_is_there(start, write):
    server = start()
    server.connect()
    frame = h2o.import_file(write("flowers.csv", flowers()), destination_frame="kept.hex")
    model = GBM(ntrees=10, seed=1, model_id="kept")
    model.train(x=["size", "colour"], y="late", training_frame=frame, validation_frame=frame)
    model.predict(frame)
    h2o.assign(frame["size"] * 2, "derived")
    h2o.rapids("(model.reset.threshold kept 0.3)")
    model.partial_plot(frame, cols=["size"], destination_key="dependence", plot=False)
    before = views(server)
    assert before["/3/PartialDependence/dependence"][1]["partial_dependence_data"]
    assert before["/3/Models/kept"][1]["models"][0]["output"]["default_threshold"] == 0.3
    scores = h2o.as_list(model.predict(frame), use_pandas=False)
    server.kill()

    server = start(server.data)
    _, frames, models = checked(server)
    assert frames["kept.hex"] == 300
    assert frames["derived"] == 300
    assert models == {"kept"}
    assert differences(before, views(server)) == []
    server.connect()
    assert h2o.as_list(h2o.get_model("kept").predict(h2o.get_frame("kept.hex")), use_pandas=False) == scores


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.15, 0.4])
def test_killed_while_parsing(start, large, delay):
    server = start()
    setup = server.rest("POST", "/3/ImportFiles", form={"path": large})[1]
    source = setup["destination_frames"][0]
    guess = server.rest("POST", "/3/ParseSetup", form={"source_frames": f'["{source}"]'})[1]
    form = {
        "source_frames": f'["{source}"]',
        "destination_frame": "large.hex",
        "parse_type": guess["parse_type"],
        "separator": guess["separator"],
        "number_columns": guess["number_columns"],
        "check_header": guess["check_header"],
        "single_quotes": "false",
        "column_names": "[" + ",".join(f'"{name}"' for name in guess["column_names"]) + "]",
        "column_types": "[" + ",".join(f'"{kind}"' for kind in guess["column_types"]) + "]",
        "delete_on_done": "true",
        "blocking": "false",
    }
    job = server.rest("POST", "/3/Parse", form=form)[1]["job"]["key"]["name"]
    time.sleep(delay)
    server.kill()

    server = start(server.data)
    states, frames, _ = checked(server)
    assert job in states
    if states[job] == "DONE":
        assert frames == {"large.hex": ROWS}
    else:
        assert set(frames.values()) <= {ROWS}, "no half of a frame is there"
    server.connect()
    assert h2o.import_file(large, destination_frame="again").nrow == ROWS


@pytest.mark.parametrize("delay", [0.05, 0.3, 0.8])
def test_killed_while_training(start, write, delay):
    server = start()
    server.connect()
    h2o.import_file(write("flowers.csv", flowers(3000)), destination_frame="flowers.hex")
    done = GBM(ntrees=3, seed=1, model_id="done")
    done.train(y="late", training_frame=h2o.get_frame("flowers.hex"))
    form = {"training_frame": "flowers.hex", "response_column": "price", "ntrees": 20000, "model_id": "half", "seed": 1}
    job = server.rest("POST", "/3/ModelBuilders/gbm", form=form)[1]["job"]["key"]["name"]
    time.sleep(delay)
    server.kill()

    server = start(server.data)
    states, frames, models = checked(server)
    assert states[job] == "FAILED"
    assert frames == {"flowers.hex": 3000}
    assert models == {"done"}
    assert server.rest("GET", "/3/Models/half")[0] == 404


@pytest.mark.parametrize("delay", [0.002, 0.01, 0.03, 0.1])
def test_killed_while_saving(start, large, tmp_path, delay):
    server = start()
    server.connect()
    h2o.import_file(large, destination_frame="large.hex")
    out = tmp_path / "saved"
    out.mkdir()
    server.rest("POST", "/3/Frames/large.hex/save", form={"dir": str(out), "force": "true"})
    time.sleep(delay)
    server.kill()

    server = start(server.data)
    _, frames, _ = checked(server)
    assert frames == {"large.hex": ROWS}
    whole = [path for path in out.rglob("*") if path.is_file() and not path.name.endswith(".tmp")]
    if whole:
        server.connect()
        h2o.remove("large.hex")
        assert h2o.load_frame("large.hex", str(out)).nrow == ROWS, "a saved frame is whole or not there"
