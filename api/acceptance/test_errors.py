"""What goes wrong gets an answer that names it, and the server goes on."""

import os

import pytest
from h2o.exceptions import H2OResponseError, H2OServerError
from h2o.estimators import H2OGradientBoostingEstimator as GBM


def failing(shared, status, method, path, words, **more):
    code, answer = shared.rest(method, path, **more)
    assert code == status, answer
    assert answer["__meta"]["schema_name"] in ("H2OErrorV3", "H2OModelBuilderErrorV3")
    assert answer["http_status"] == status
    text = answer["msg"] + " ".join(message["message"] for message in answer.get("messages", []))
    for word in words:
        assert word in text, text


def test_unknown_keys(client, shared):
    failing(shared, 404, "GET", "/3/Frames/nosuch", ["nosuch"])
    failing(shared, 404, "GET", "/3/Models/nosuch", ["nosuch"])
    failing(shared, 404, "GET", "/3/NoSuchRoute", ["NoSuchRoute"])
    assert shared.rest("GET", "/3/Jobs/nosuch")[0] == 400


def test_train(client, shared, table):
    url = "/3/ModelBuilders/gbm"
    good = {"training_frame": "flowers.hex", "response_column": "late"}
    failing(shared, 412, "POST", url, ["ntrees"], form={**good, "ntrees": -1})
    failing(shared, 412, "POST", url, ["learn_rate"], form={**good, "learn_rate": 7})
    failing(shared, 412, "POST", url, ["nosuch"], form={**good, "response_column": "nosuch"})
    for form in ({**good, "nosuch_parameter": 1}, {**good, "training_frame": "nosuch"}, {**good, "ntrees": "many"}):
        assert 400 <= shared.rest("POST", url, form=form)[0] < 500, form
    with pytest.raises((H2OResponseError, H2OServerError, EnvironmentError, ValueError)):
        GBM(ntrees=5).train(y="nosuch", training_frame=table)
    constant = client.H2OFrame([[1, 5], [2, 5], [3, 5]] * 20, column_names=["x", "y"])
    with pytest.raises(Exception, match="(?i)constant"):
        GBM(ntrees=5).train(x=["x"], y="y", training_frame=constant)
    assert GBM(ntrees=2, min_rows=1).train(x=["size"], y="late", training_frame=table).auc() > 0.5


def test_files(client, shared, tmp_path):
    with pytest.raises(Exception, match="(?i)not exist|not found|no such|cannot"):
        client.import_file(str(tmp_path / "nosuch.csv"))
    outside = shared.rest("GET", "/3/ImportFiles", path="/etc/passwd")
    assert outside[0] >= 400 or outside[1]["fails"], "only files below the import roots are read"
    link = tmp_path / "link.csv"
    os.symlink("/etc/passwd", link)
    through = shared.rest("GET", "/3/ImportFiles", path=str(link))
    assert through[0] >= 400 or through[1]["fails"], "a symbolic link does not lead out"
    above = shared.rest("GET", "/3/ImportFiles", path=str(tmp_path / ".." / ".." / ".." / ".." / ".." / ".." / "etc" / "passwd"))
    assert above[0] >= 400 or above[1]["fails"]


def test_awkward_content(client, shared, write):
    assert client.import_file(write("ragged.csv", "a,b,c\n1,2,3\n4,5\n6,7,8,9\n" * 3)).nrow > 0
    assert client.import_file(write("bom.csv", "\ufeffa,b\n1,2\n3,4\n")).columns == ["a", "b"]
    assert client.import_file(write("crlf.csv", "a,b\r\n1,2\r\n3,4\r\n")).shape == (2, 2)
    latin = client.import_file(write("latin.csv", "name,n\ncaf\u00e9,1\nna\u00efve,2\n".encode("latin-1")))
    assert latin.nrow == 2
    for name, content in (("empty.csv", b""), ("noise.bin", bytes(range(256)) * 64)):
        try:
            client.import_file(write(name, content))
        except Exception as error:  # what matters is that it is the client's exception, and an answer
            assert "500" not in str(error)[:200]
    assert shared.rest("GET", "/3/Ping")[0] == 200


@pytest.mark.parametrize(
    "content",
    [b"x" * (20 << 20), b"1," * (2 << 20), b",".join(b"c%d" % i for i in range(20_000)) + b"\n" + b"1," * 19_999 + b"1\n", b"\0" * 10_000],
    ids=["a long cell", "two million columns", "many columns", "zero bytes"],
)
def test_extreme_files(client, shared, write, content):
    try:
        frame = client.import_file(write("extreme.csv", content))
        assert frame.ncol >= 1
        client.remove(frame.frame_id)
    except Exception as error:
        assert isinstance(error, (H2OResponseError, OSError, ValueError)), error
    assert shared.rest("GET", "/3/Ping")[0] == 200


def test_nothing_is_left_behind(client, shared):
    def goroutines():
        lines = shared.rest("GET", "/metrics")[1].splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("go_goroutines "))

    before = goroutines()
    for _ in range(50):
        shared.rest("GET", "/3/Frames/nosuch")
        shared.rest("POST", "/3/ModelBuilders/gbm", form={"training_frame": "nosuch", "ntrees": "x"})
        shared.rest("POST", "/99/Rapids", form={"ast": "(", "session_id": "s"})
        shared.rest("POST", "/3/Parse", form={"source_frames": "[", "destination_frame": "x"})
    for _ in range(100):
        if goroutines() <= before + 5:
            return
    assert goroutines() <= before + 5


def test_malformed_requests(shared):
    status, _ = shared.rest("POST", "/3/Parse", form={"source_frames": "[nosuch]", "destination_frame": "x"})
    assert 400 <= status < 500
    status, _ = shared.rest("POST", "/99/Rapids", form={"ast": "((((", "session_id": "s"})
    assert 400 <= status < 500
    status, answer = shared.rest("POST", "/99/Rapids", form={"ast": "(nosuchprim 1)", "session_id": "s"})
    assert 400 <= status < 500
    assert "nosuchprim" in str(answer)
    status, _ = shared.rest("PUT", "/3/Frames")
    assert 400 <= status < 500
    assert shared.rest("GET", "/3/Ping")[0] == 200


def test_remove_while_in_use(client, shared, table):
    answer = shared.rest("POST", "/3/ModelBuilders/gbm", form={"training_frame": "flowers.hex", "response_column": "price", "ntrees": 50000})[1]
    status, error = shared.rest("DELETE", "/3/Frames/flowers.hex")
    shared.rest("POST", f"/3/Jobs/{answer['job']['key']['name']}/cancel")
    assert 400 <= status < 500, "a frame in use cannot be removed"
    assert "in use" in error["msg"]
