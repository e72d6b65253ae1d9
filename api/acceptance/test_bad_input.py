"""A hostile or careless user: every answer blames the caller, and the server goes on as if nothing had been."""

import concurrent.futures
import gzip
import io
import json
import os
import random
import socket
import zipfile

import pytest
from h2o.estimators import H2OGradientBoostingEstimator as GBM

from conftest import Server, flowers

SCHEMAS = ("H2OErrorV3", "H2OModelBuilderErrorV3")


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """The server under attack; what it holds at the end is what it held at the start."""
    server = Server(tmp_path_factory.mktemp("target"), "--memory", "2GiB")
    settled(server)
    before = gauges(server)
    yield server
    assert server.rest("DELETE", "/3/DKV")[0] == 200
    assert server.rest("GET", "/3/Frames")[1]["frames"] == []
    assert server.rest("GET", "/3/Models")[1]["models"] == []
    settled(server)
    after = gauges(server)
    assert after["go_goroutines"] <= before["go_goroutines"] + 60, "idle connections apart, nothing is left running"
    assert after["go_memstats_heap_inuse_bytes"] <= before["go_memstats_heap_inuse_bytes"] + (64 << 20)
    for folder in ("frames", "models", "uploads", "export"):
        assert list((server.data / folder).iterdir()) == [], folder
    code, errors = server.stop()
    assert code == 0, errors
    for word in ("panic", "DATA RACE"):
        assert word not in errors, errors


def settled(server):
    for _ in range(3):  # pools let go at the second collection
        assert server.rest("POST", "/3/GarbageCollect")[0] == 200


def gauges(server):
    lines = server.rest("GET", "/metrics")[1].splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith(("go_goroutines ", "go_memstats_heap_inuse_bytes "))}


def refused(answer, *words, status=None):
    """The answer is an error of the caller, as H2O words errors, and says the words."""
    code, body = answer
    assert 400 <= code < 500, answer
    assert isinstance(body, dict), answer
    assert body["__meta"]["schema_name"] in SCHEMAS
    assert body["http_status"] == code
    assert status is None or code == status, answer
    text = body["msg"] + " ".join(message["message"] for message in body.get("messages") or [])
    for word in words:
        assert word in text, text
    return body


def no_fault(answer):
    assert answer[0] < 500, answer
    if answer[0] >= 400:
        refused(answer)
    return answer


def ended(server, body):
    job = body["job"]["key"]["name"] if "job" in body else body["key"]["name"]
    while True:
        status, answer = server.rest("GET", f"/3/Jobs/{job}")
        assert status == 200, answer
        if answer["jobs"][0]["status"] in ("DONE", "FAILED", "CANCELLED"):
            return answer["jobs"][0]


def parse(server, path, key="f", **more):
    """Imports and parses; returns the last answer, the job's state when it came so far."""
    status, found = server.rest("POST", "/3/ImportFiles", form={"path": path})
    if status != 200:
        return status, found
    sources = json.dumps(found["destination_frames"])
    status, guess = server.rest("POST", "/3/ParseSetup", form={"source_frames": sources})
    if status != 200:
        return status, guess
    form = {name: guess[name] for name in ("parse_type", "separator", "number_columns", "check_header")}
    form |= {name: json.dumps(guess[name]) for name in ("column_names", "column_types")}
    status, answer = server.rest("POST", "/3/Parse", form={**form, "source_frames": sources, "destination_frame": key, **more})
    if status != 200:
        return status, answer
    return 200, ended(server, answer)


def ask(server, data, end=True):
    """Sends bytes as they are; returns all that comes back."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := connection.recv(1 << 16):
            got += chunk
        return got


def request(server, method, path, headers="", body=b""):
    host = server.url.removeprefix("http://")
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def checked(got):
    """A raw answer is no fault of the server, and an error has a body."""
    head, _, body = got.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert status < 500 or status == 501, got[:500]
    if 400 <= status < 500:
        assert json.loads(body)["http_status"] == status
    return status


@pytest.fixture
def frame(target, write):
    assert parse(target, write("flowers.csv", flowers()))[1]["status"] == "DONE"
    return "f"


# --- files


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/proc/self/environ", "/dev/zero", "/", "/*", "/etc/*", "HERE/../../../../../../../etc/passwd", "HERE/link", "HERE/proc/self/environ",
     "HERE/fifo", "HERE/loop", "HERE/nosuch", "HERE/a\0b", "HERE/" + "x" * 300, "HERE/" + "x/" * 3000, "[", " ", "", "s3://bucket/x", "http://169.254.169.254/"],
    ids=range(20),
)
def test_paths(target, tmp_path, path):
    os.symlink("/etc/passwd", tmp_path / "link")
    os.symlink("/proc", tmp_path / "proc")
    os.symlink("loop", tmp_path / "loop")
    os.mkfifo(tmp_path / "fifo")
    path = path.replace("HERE", str(tmp_path))
    for answer in (
        target.rest("GET", "/3/ImportFiles", path=path),
        target.rest("POST", "/3/ParseSetup", form={"source_frames": json.dumps(["nfs:/" + path])}),
        target.rest("POST", "/3/Parse", form={"source_frames": json.dumps(["nfs:/" + path]), "destination_frame": "x"}),
        target.rest("POST", "/99/Models.bin/", form={"dir": path}),
        target.rest("POST", "/3/Frames/load", form={"dir": path, "frame_id": "x"}),
    ):
        body = refused(answer)
        assert "root:" not in json.dumps(body)
    no_fault(target.rest("GET", "/3/Typeahead/files", src=path))


def test_nothing_to_read(target, tmp_path, write):
    write("empty", "")
    (tmp_path / "folder").mkdir()
    for name in ("empty", "folder"):
        status, body = target.rest("GET", "/3/ImportFiles", path=str(tmp_path / name))
        assert (status, body["files"]) == (200, []), "H2O passes over them without a word"
    refused(target.rest("POST", "/3/ParseSetup", form={"source_frames": "[]"}), "No file names")


def zipped(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


NOISE = random.Random(1).randbytes(200_000)
CONTENT = {
    # name: what it holds, and (rows, columns) or what the error says
    "noise": (NOISE, "Cannot determine file type"),
    "zeros": (b"\0" * 100_000, "Cannot determine file type"),
    "newlines": (b"\n" * 1000, "Cannot determine file type"),
    "utf16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    "latin1": ("n\u00e4me,b\n\u00e0,1\n\u00fc,2\n".encode("latin-1"), None),
    "ragged": (b"a,b,c\n1\n1,2\n1,2,3,4,5\n" * 20, None),
    "no names": (b"a,,\n1,2,3\n4,5,6\n", (2, 3)),
    "quote without end": (b'a,b\n1,"' + b"y\n" * 1000, (1, 2)),
    "long line": (b"x" * (100 << 20), "does not end within"),
    "long cell": (b"a,b\n1," + b"y" * (20 << 20) + b"\n2,z\n", (2, 2)),
    "too many columns": (b"1," * 1_100_000, "more than 1000000 columns"),
    "many columns": (b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000) + b"\n", (1, 100_000)),
    "header without rows": (b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b"1\n" * 100_000, "far fewer cells than the 100000 columns"),
    "cut.gz": (gzip.compress(b"a,b\n1,2\n" * 10_000)[:-20], "cannot be decompressed"),
    "damaged.gz": (gzip.compress(NOISE)[:5000], ""),
    "bomb.gz": (gzip.compress(b"\0" * (64 << 20)), ""),
    "cut.zip": (b"PK\x03\x04", "cannot be decompressed"),
    "folders.zip": (zipped(("d/", "")), "archive without files"),
    "paths.zip": (zipped(("../../../evil.csv", "a,b\n1,2\n"), ("/etc/evil.csv", "a,b\n3,4\n")), (2, 2)),
    "mixture.zip": (zipped(("a.csv", "a,b\n1,2\n"), ("b.csv", "x;y;z\n1;2;3\n")), "parse them apart"),
    "other.parquet": (b"PAR1" + b"\0" * 100, "PARQUET"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_content(target, write, name):
    content, want = CONTENT[name]
    status, answer = parse(target, write(name.replace(" ", "_"), content))
    if status == 200 and answer["status"] == "DONE":
        assert not isinstance(want, str) or want == ""
        shown = target.rest("GET", "/3/Frames/f/light", column_count=2)[1]["frames"][0]
        assert not isinstance(want, tuple) or (shown["rows"], shown["total_column_count"]) == want
        no_fault(target.rest("GET", "/3/Frames/f/summary", column_count=2))
        assert target.rest("DELETE", "/3/Frames/f")[0] == 200
    else:
        assert not isinstance(want, tuple), answer
        text = refused((status, answer))["msg"] if status != 200 else answer["exception"]
        assert (want or "") in text
        refused(target.rest("GET", "/3/Frames/f"), status=404)


def test_source_cut_short_while_read(target, write):
    """A file that shrinks under its mapping must not end the process."""
    path = write("shrinks.csv", "a,b\n" + "1.5,2.25\n" * 2_000_000)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(parse, target, path, "shrunk")
        while not job.done() and os.path.getsize(path) > 1000:
            os.truncate(path, os.path.getsize(path) // 2)
        no_fault(job.result())
    assert target.rest("GET", "/3/Ping")[0] == 200
    target.rest("DELETE", "/3/DKV/shrunk")


# --- HTTP


def test_requests(target):
    form, as_json = "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/json\r\n"
    for method in ("PUT", "PATCH", "TRACE", "DELETE", "POST"):
        assert checked(ask(target, request(target, method, "/3/NoSuch"))) >= 400
    for path in ("%", "%zz", "%00", "a%0d%0aX-Evil:1", "..", "%2e%2e/%2e%2e/etc/passwd", "k" * 10_000, '"quo\'te', "\xe9", "a/b"):
        for route in ("/3/Frames/", "/3/Models/", "/3/Jobs/"):
            got = ask(target, request(target, "GET", route + path))
            assert checked(got) >= 400
            assert b"\r\nX-Evil" not in got
    for body in (b"{", b"[]", b"1", b'"x"', b'{"ast":', b"\xff\xfe", b'{"a":' * 100_000, b"[" * 1_000_000, b'{"":1}', b'{"\\u0000":1}', b"\0"):
        for route in ("/99/Rapids", "/3/ModelBuilders/gbm", "/3/ParseSetup"):
            assert checked(ask(target, request(target, "POST", route, as_json, body))) >= 400
    for body in (b"%", b"ast=%zz", b"=", b"\0=\0", b"nosuch=1", b"a" * 1_000_000):
        for route in ("/99/Rapids", "/3/ModelBuilders/gbm", "/3/ParseSetup"):
            assert checked(ask(target, request(target, "POST", route, form, body))) >= 400
    multipart = "Content-Type: multipart/form-data; boundary=x\r\n"
    for body in (b"", b"--x", b"--x--\r\n", b"--x\r\n\r\n", b"garbage" * 100, b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nhello'):
        assert checked(ask(target, request(target, "POST", "/3/PostFile", multipart, body))) >= 400
    assert checked(ask(target, request(target, "POST", "/3/PostFile", "Content-Type: multipart/form-data\r\n", b"x"))) >= 400
    assert checked(ask(target, request(target, "GET", "/3/Cloud", "X: " + "a" * 900_000 + "\r\n"))) == 200
    assert target.rest("POST", "/3/NoSuch", form={"x": "y" * (20 << 20)})[0] == 404, "an answer comes even when nobody wants the body"


def test_body_breaks_off(target):
    host = target.url.removeprefix("http://")
    for headers, body in (
        ("Content-Length: 50000000\r\n", b"a,b\n" * 100_000),
        ("Content-Length: 50000000\r\nContent-Type: multipart/form-data; boundary=x\r\n", b"--x\r\n\r\n" + b"a,b\n" * 100_000),
        ("Transfer-Encoding: chunked\r\n", b"4\r\na,b\n\r\nzz\r\n"),
    ):
        got = ask(target, f"POST /3/PostFile?destination_frame=cut HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode() + body)
        assert checked(got) == 400
        assert b"breaks off" in got
        refused(target.rest("GET", "/3/Frames/cut"), status=404)


def test_body_is_no_request(target, frame):
    """What follows in the body of a refused request is not carried out."""
    host = target.url.removeprefix("http://")
    hidden = f"DELETE /3/Frames HTTP/1.1\r\nHost: {host}\r\n\r\n"
    head = f"POST /3/Cloud HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\nContent-Length: {200_000 + len(hidden)}\r\n\r\n"
    got = ask(target, (head + "x" * 200_000 + hidden).encode())
    assert got.startswith(b"HTTP/1.1 403")
    assert got.count(b"HTTP/1.1 ") == 1 + got.count(b"HTTP/1.1 100")
    assert target.rest("GET", "/3/Frames/f/light")[0] == 200


# --- keys and windows


@pytest.mark.parametrize("key", ["a b", 'quo"te', "sla/sh", "line\nbreak", "\u00fcml\u00e4ut \u2603", "%41", "k" * 10_000, "../../x", "$dollar", "semi;colon"], ids=range(10))
def test_odd_keys(target, write, tmp_path, key):
    status, job = parse(target, write("flowers.csv", flowers(50)), key)
    assert (status, job["status"]) == (200, "DONE")
    path = "/3/Frames/" + "".join(f"%{byte:02X}" for byte in key.encode())
    status, body = target.rest("GET", path)
    assert status == 200
    assert body["frames"][0]["frame_id"]["name"] == key
    form = {"training_frame": key, "response_column": "late", "ntrees": 1, "min_rows": 1, "model_id": "m"}
    assert ended(target, target.rest("POST", "/3/ModelBuilders/gbm", form=form)[1])["status"] == "DONE"
    assert target.rest("GET", "/3/DownloadDataset", frame_id=key)[0] == 200
    no_fault(target.rest("POST", path + "/save", form={"dir": str(tmp_path), "force": "true"}))
    assert target.rest("DELETE", path)[0] == 200
    refused(target.rest("GET", path), status=404)
    target.rest("DELETE", "/3/Models/m")


def test_too_long_a_key(target, write):
    refused(parse(target, write("flowers.csv", flowers(50)), "k" * 100_000), "100000 bytes")


def test_windows(target, frame):
    edges = ("-9223372036854775808", "-1", "0", "99", "2147483648", "9223372036854775807", "9223372036854775808", "x", "")
    for name in ("row_offset", "row_count", "column_offset", "column_count", "full_column_count"):
        for value in edges:
            for view in ("", "/summary", "/columns/size"):
                no_fault(target.rest("GET", "/3/Frames/f" + view, **{name: value}))
    for value in edges:
        no_fault(target.rest("GET", "/3/Find", key="f", column="size", row=value, match="5"))
    refused(target.rest("GET", "/3/Frames/f/columns/nosuch"), "nosuch", status=404)


# --- training


def train(server, **form):
    status, body = server.rest("POST", "/3/ModelBuilders/gbm", form={"ntrees": 2, "max_depth": 3, "min_rows": 1, "seed": 1, **form})
    return (status, ended(server, body)) if status == 200 else (status, body)


VALUES = ["", "abc", "-1", "0", "1.5", "1e308", "nan", "inf", "99999999999999999999", "[]", "[[]]", '{"a":1}', '["a","b"]', '"', "[", "nosuch", "size", "\0", "x" * 5000]


def test_parameters(target, frame):
    """Each parameter with each value: a model, or an error that names the parameter."""
    fields = target.rest("GET", "/3/ModelBuilders/gbm")[1]["model_builders"]["gbm"]["parameters"]
    good = {"training_frame": "f", "response_column": "late"}
    for field in (field["name"] for field in fields):
        for value in VALUES:
            status, body = target.rest("POST", "/3/ModelBuilders/gbm/parameters", form={**good, field: value})
            assert status < 500, (field, value, body)
            if status != 200:
                refused((status, body))
                assert field in json.dumps(body), (field, value, body["msg"])
    refused(train(target, **good, nosuch=1), "nosuch")
    assert train(target, response_column="late")[1]["status"] == "FAILED", "H2O: without a frame the job fails"


def test_columns(target, write):
    draw = random.Random(3)
    lines = ["x,y,b,const,empty,text,negative,gaps,zero"]
    for i in range(100):
        lines.append(f"{draw.random()},{i % 7},{'yn'[i % 2]},5,,t{draw.random()}x,{-1 if i == 7 else 1},{'' if i % 3 else 1},0")
    assert parse(target, write("odd.csv", "\n".join(lines) + "\n"), "o")[1]["status"] == "DONE"
    columns = lines[0].split(",")
    base = {"training_frame": "o", "ignored_columns": json.dumps(["text", "empty"])}
    for column, words in (("const", "constant"), ("empty", "missing"), ("text", "String"), ("nosuch", "nosuch"), ("", "response_column")):
        refused(train(target, training_frame="o", response_column=column), words, status=412)
    for column, words in (("negative", "must be >= 0"), ("gaps", "missing"), ("zero", "every weight"), ("text", "weights"), ("nosuch", "nosuch"), ("y", "different")):
        refused(train(target, **base, response_column="y", weights_column=column), words, status=412)
    for column in ("gaps", "text", "b", "nosuch", "y"):
        refused(train(target, **base, response_column="y", offset_column=column), "ffset", status=412)
    for column in ("const", "empty", "nosuch", "y"):
        refused(train(target, **base, response_column="y", fold_column=column), "fold", status=412)
    for left in ([], ["const"], ["text"], ["empty"]):
        ignored = json.dumps([name for name in columns if name != "y" and name not in left])
        refused(train(target, training_frame="o", response_column="y", ignored_columns=ignored), "at least 2 features", status=412)
    for folds in (1, -1, 101, 2_000_000_000):
        refused(train(target, **base, response_column="y", nfolds=folds), "nfolds", status=412)
    refused(train(target, **base, response_column="y", model_id="o"), "o names a frame", status=412)
    refused(train(target, **base, response_column="y", validation_frame="nosuch"), "nosuch")
    for distribution, response in (("bernoulli", "y"), ("gaussian", "b"), ("multinomial", "y"), ("nosuch", "y")):
        refused(train(target, **base, response_column=response, distribution=distribution))


def test_unknown(target, frame):
    for path in ("/3/Models/nosuch", "/3/Frames/nosuch", "/3/Frames/nosuch/summary", "/3/DownloadDataset?frame_id=nosuch", "/3/Models.fetch.bin/nosuch"):
        path, _, query = path.partition("?")
        refused(target.rest("GET", path, **dict([query.split("=")] if query else [])), "nosuch", status=404)
    for model, scored in (("nosuch", "f"), ("f", "f")):
        for version in "34":
            refused(target.rest("POST", f"/{version}/Predictions/models/{model}/frames/{scored}"), model)
    refused(target.rest("GET", "/3/Jobs/nosuch"), "nosuch", status=400)
    refused(target.rest("POST", "/3/Jobs/nosuch/cancel"), "nosuch", status=400)
    assert target.rest("DELETE", "/4/sessions/nosuch")[0] == 200


# --- expressions


def test_expressions(target, frame):
    def rapids(ast, session="s"):
        return no_fault(target.rest("POST", "/99/Rapids", form={"ast": ast, "session_id": session}))

    wrong = ["(", ")", "()", "(+ 1)", "[1", '"', '"\\u', "{x", "(nosuch 1)", "(cols f [99])", '(cols f "nosuch")', "(rows f [1e18])", "(apply f 2 nosuch)"]
    wrong += ["(" * 100_000, "[" * 100_000, "{x . " * 100_000, "(+ 1 " * 100_000 + "1" + ")" * 100_000, "[0:2147483647]", "(f)", "(mean f 0 5)", "\0", "(as.numeric"]
    for ast in wrong:
        assert rapids(ast)[0] >= 400, ast[:50]
    refused(rapids("1", "s" * 5000), "5000 bytes")
    assert rapids("(ncol (cbind " + "f " * 20_000 + "))")[1]["scalar"] == 120_000
    for i in range(9):
        status, body = rapids(f"(tmp= g{i} (rbind {' '.join(['f' if i == 0 else f'g{i - 1}'] * 10)}))")
        if status != 200:
            refused((status, body), "not enough memory")
            break
    else:
        pytest.fail("frames grew without bound")
    assert target.rest("DELETE", "/4/sessions/s")[0] == 200
    assert rapids("(nrow f)")[1]["scalar"] == 300


# --- files that are written


def test_export(target, frame, tmp_path, write):
    os.symlink("/etc", tmp_path / "etc")
    there = write("there.csv", "x")
    for path in (there, str(tmp_path), "/etc/x.csv", "/proc/self/mem", f"{tmp_path}/etc/x.csv", "/tmp/../etc/x", "", " ", f"{tmp_path}/a\0b", f"{tmp_path}/{'x' * 300}",
                 there + "/below", "s3://bucket/x.csv"):
        refused(target.rest("POST", "/3/Frames/f/export", form={"path": path}))
    with open(there) as file:
        assert file.read() == "x"
    forced = {"path": there, "force": "true"}
    assert ended(target, target.rest("POST", "/3/Frames/f/export", form=forced)[1])["status"] == "DONE"
    for name, value in (("separator", "0"), ("separator", "x"), ("format", "nosuch"), ("compression", "nosuch"), ("num_parts", "99")):
        refused(target.rest("POST", "/3/Frames/f/export", form={**forced, name: value}), name)


def test_damaged_objects(target, frame, tmp_path):
    assert train(target, training_frame="f", response_column="late", model_id="m")[1]["status"] == "DONE"
    assert target.rest("GET", "/99/Models.bin/m", dir=str(tmp_path / "m.bin"))[0] == 200
    assert ended(target, target.rest("POST", "/3/Frames/f/save", form={"dir": str(tmp_path), "force": "true"})[1])["status"] == "DONE"
    draw = random.Random(5)
    model, arrow = (tmp_path / "m.bin").read_bytes(), (tmp_path / "f.arrow").read_bytes()
    for i in range(30):
        cut = model[: draw.randrange(len(model))] if i % 2 else model[: (at := draw.randrange(len(model)))] + bytes([model[at] ^ 255]) + model[at + 1 :]
        (tmp_path / "bad.bin").write_bytes(cut)
        refused(target.rest("POST", "/99/Models.bin/", form={"dir": str(tmp_path / "bad.bin")}))
        at = draw.randrange(len(arrow))
        (tmp_path / "g.arrow").write_bytes(arrow[:at] if i % 2 else arrow[:at] + bytes([arrow[at] ^ 255]) + arrow[at + 1 :])
        job = ended(target, target.rest("POST", "/3/Frames/load", form={"dir": str(tmp_path), "frame_id": "g", "force": "true"})[1])
        if job["status"] == "DONE":  # a number has changed; nothing points astray
            for path in ("/3/Frames/g", "/3/Frames/g/summary", "/3/DownloadDataset?frame_id=g"):
                path, _, key = path.partition("?frame_id=")
                assert target.rest("GET", path, **({"frame_id": key} if key else {}))[0] == 200
            no_fault(target.rest("POST", "/3/Predictions/models/m/frames/g"))
        else:
            assert "damaged" in job["exception"] or "not a frame file" in job["exception"]


# --- explanations


@pytest.fixture
def models(target, frame):
    """A model of each kind on the flowers: late, price, kind, and odd for anomalies."""
    for name in ("late", "price", "kind"):
        assert train(target, training_frame="f", response_column=name, model_id=name)[1]["status"] == "DONE"
    form = {"training_frame": "f", "ignored_columns": '["late","price","kind"]', "ntrees": 3, "sample_size": 50, "model_id": "odd"}
    status, body = target.rest("POST", "/3/ModelBuilders/extendedisolationforest", form=form)
    assert (status, ended(target, body)["status"]) == (200, "DONE")
    yield ("late", "price", "kind", "odd")
    assert target.rest("DELETE", "/3/Models")[0] == 200


QUESTIONS = ["leaf_node_assignment", "predict_staged_proba", "predict_contributions", "feature_frequencies", "row_to_tree_assignment",
             "deviances", "reconstruction_error", "reconstruction_error_per_feature", "reconstruct_train", "project_archetypes", "reverse_transform"]


def test_questions(target, models):
    """Each question to each kind of model: an answer, or a refusal that says why."""
    for model in models:
        for question in QUESTIONS:
            for version in "34":
                status, body = no_fault(target.rest("POST", f"/{version}/Predictions/models/{model}/frames/f", form={question: "true"}))
                if status == 200 and version == "4":
                    job = ended(target, {"key": body["key"]})
                    assert job["status"] == "DONE" or "internal" not in job["exception"], job
                elif status == 200:
                    assert target.rest("DELETE", "/3/Frames/" + body["predictions_frame"]["name"])[0] == 200
    for name, value in (("top_n", "-5"), ("top_n", "x"), ("bottom_n", "99999999999"), ("background_frame", "nosuch"), ("background_frame", "late"),
                        ("predict_contributions_output_format", "x"), ("compare_abs", "maybe"), ("output_per_reference", "true"), ("nosuch", "1")):
        form = {"predict_contributions": "true", name: value}
        no_fault(target.rest("POST", "/3/Predictions/models/late/frames/f", form=form))
    for name in ("top_n", "bottom_n"):
        refused(target.rest("POST", "/3/Predictions/models/late/frames/f", form={name: "2"}), name, status=412)
    refused(target.rest("POST", "/3/Predictions/models/late/frames/f", form={"predictions_frame": "price"}), "price names a model", status=412)
    assert target.rest("GET", "/3/Models/price")[0] == 200


def test_partial_dependence(target, models):
    good = {"model_id": "price", "frame_id": "f", "cols": "[size]", "nbins": 3}
    fields = ["model_id", "frame_id", "row_index", "cols", "weight_column_index", "add_missing_na", "nbins", "user_splits", "user_cols",
              "num_user_splits", "col_pairs_2dpdp", "destination_key", "targets"]
    for field in fields:
        for value in [*VALUES, "f", "[size]", "[nosuch]", "[[size,nosuch]]", "[[size,size]]", "1000000000", "-2147483648", "[late]", "[colour,colour]"]:
            status, body = no_fault(target.rest("POST", "/3/PartialDependence/", form={**good, field: value}))
            if status == 200:
                job = ended(target, {"key": body["key"]})
                assert job["status"] == "DONE" or "internal" not in job["exception"], (field, value, job)
                key = "".join(f"%{byte:02X}" for byte in body["dest"]["name"].encode())
                no_fault(target.rest("GET", "/3/PartialDependence/" + key))
                target.rest("DELETE", "/3/DKV/" + key)
    refused(target.rest("POST", "/3/PartialDependence/", form={**good, "destination_key": "f"}), "f names a frame", status=412)
    refused(target.rest("POST", "/3/PartialDependence/"), "model_id", status=412)
    assert target.rest("GET", "/3/Frames/f/light")[0] == 200
    assert target.rest("GET", "/3/PartialDependence/nosuch")[1]["partial_dependence_data"] is None, "H2O: an answer without content"


def test_trees_and_interactions(target, models):
    for model in (*models, "f", "nosuch", ""):
        for number in (0, -1, 99, "x", 2**40):
            for label in ("", "yes", "a", "nosuch"):
                no_fault(target.rest("GET", "/3/Tree", model=model, tree_number=number, tree_class=label))
        for depth in (0, -1, 1, 10**9, "x"):
            form = {"model_id": model, "max_interaction_depth": depth, "max_tree_depth": depth, "max_deepening": -1}
            no_fault(target.rest("POST", "/3/FeatureInteraction", form=form))
        for variables in ("[]", "[size]", "[size,size]", "[size,nosuch]", "[late]", "[size,colour,weight]", ""):
            for frame in ("f", "nosuch", "late"):
                no_fault(target.rest("POST", "/3/FriedmansPopescusH", form={"model_id": model, "frame": frame, "variables": variables}))
        for ast in ("(PermutationVarImp %s f 'AUTO' -1 1 [] 1)", "(PermutationVarImp %s f 'AUC' 10 2 ['size'] 1)", "(PermutationVarImp %s f 'x' -1 1 [] 1)",
                    "(PermutationVarImp %s f 'AUTO' -9 1 [] 1)", "(PermutationVarImp %s f 'AUTO' -1 1e9 [] 1)", "(PermutationVarImp %s %s 'AUTO' -1 1 [] 1)",
                    "(PermutationVarImp %s (cols f 0) 'AUTO' -1 1 [] 1)", "(model.reset.threshold %s nan)", "(model.reset.threshold %s 2)"):
            no_fault(target.rest("POST", "/99/Rapids", form={"ast": ast.replace("%s", model or "f")}))
    refused(target.rest("GET", "/3/Tree", model="nosuch", tree_number=0), "nosuch", status=400)
    refused(target.rest("GET", "/3/Tree", model="price", tree_number=99), "99", status=400)


def test_details_and_checkpoints_elsewhere(target, models, tmp_path):
    for path in ("/etc/x.json", "", " ", str(tmp_path), f"{tmp_path}/{'x' * 300}", "s3://bucket/x", f"{tmp_path}/a\0b"):
        refused(target.rest("GET", "/99/Models/late/json", dir=path))
    assert target.rest("GET", "/99/Models/late/json", dir=f"{tmp_path}/x.json")[0] == 200
    refused(target.rest("GET", "/99/Models/late/json", dir=f"{tmp_path}/x.json", force="false"), "exists already")
    for path in ("/etc", "/proc/self", "/nosuch/folder", f"{tmp_path}/../../../../../../etc"):
        refused(train(target, training_frame="f", response_column="late", export_checkpoints_dir=path), "export_checkpoints_dir", status=412)


# --- many at once


def test_everything_at_once(target, write, tmp_path):
    """Parse, train, predict, read, export, delete and cancel over the same few keys."""
    path = write("flowers.csv", flowers(1000))
    assert parse(target, path)[1]["status"] == "DONE"

    def act(seed):
        draw = random.Random(seed)
        key, model, session = draw.choice("abf"), draw.choice("mn"), draw.choice(["s1", "s2"])
        kind = draw.randrange(14)
        if kind == 0:
            no_fault(parse(target, path, key))
        elif kind == 1:
            form = {"training_frame": key, "response_column": draw.choice(["late", "price", "kind"]), "ntrees": draw.choice([1, 5, 5000]), "model_id": model}
            status, body = no_fault(target.rest("POST", "/3/ModelBuilders/gbm", form={**form, "nfolds": draw.choice([0, 0, 2])}))
            if status == 200:
                for _ in range(2):
                    no_fault(target.rest("POST", f"/3/Jobs/{body['job']['key']['name']}/cancel"))
        elif kind == 2:
            no_fault(target.rest("POST", f"/3/Predictions/models/{model}/frames/{key}", form={"predictions_frame": draw.choice("pa")}))
        elif kind == 3:
            no_fault(target.rest("POST", f"/4/Predictions/models/{model}/frames/{key}", form={"predictions_frame": draw.choice("pa")}))
        elif kind == 4:
            ast = draw.choice(["(tmp= t (+ (cols %s 0) 1))", "(assign a (cols %s [0 1 3 4 5]))", "(rm %s)", "(mean (cols %s 0) 0 0)", "(sort %s [0])"])
            no_fault(target.rest("POST", "/99/Rapids", form={"ast": ast % key, "session_id": session}))
        elif kind == 5:
            no_fault(target.rest("POST", f"/3/Frames/{key}/export", form={"path": str(tmp_path / "x.csv"), "force": "true"}))
        elif kind == 6:
            no_fault(target.rest("POST", f"/3/Frames/{key}/save", form={"dir": str(tmp_path), "force": "true"}))
        elif kind == 7:
            no_fault(target.rest("POST", "/3/Frames/load", form={"dir": str(tmp_path), "frame_id": key, "force": "true"}))
        else:
            method, where = [("DELETE", f"/3/Frames/{key}"), ("DELETE", f"/3/Models/{model}"), ("DELETE", f"/4/sessions/{session}"),
                             ("GET", f"/3/Frames/{key}/summary"), ("GET", f"/3/Models/{model}"), ("GET", "/3/Models")][kind - 8]
            no_fault(target.rest(method, where))

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(act, range(400)))
    for job in target.rest("GET", "/3/Jobs")[1]["jobs"]:
        target.rest("POST", f"/3/Jobs/{job['key']['name']}/cancel")
        job = ended(target, {"key": job["key"]})
        assert "internal error" not in (job["exception"] or ""), job
    for session in ("s1", "s2"):
        assert target.rest("DELETE", f"/4/sessions/{session}")[0] == 200
    assert [name.name for name in tmp_path.iterdir() if name.name.startswith(".") or name.name.endswith(".tmp")] == []


def test_deleted_under_many_readers(target, frame):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        readers = [pool.submit(target.rest, "GET", "/3/DownloadDataset", frame_id="f") for _ in range(60)]
        assert target.rest("DELETE", "/3/Frames/f")[0] == 200
        for reader in readers:
            status, text = no_fault(reader.result())
            assert status == 404 or text.count("\n") == 301, "whole, or not at all"


def test_client_errors(target, write):
    """The same through the real client: its own exceptions, with the server's words."""
    h2o = target.connect()
    table = h2o.import_file(write("flowers.csv", flowers()), destination_frame="c")
    with pytest.raises(Exception, match="ntrees"):
        GBM(ntrees=-3).train(y="late", training_frame=table)
    with pytest.raises(Exception, match="(?i)constant"):
        GBM(ntrees=1).train(x=["size"], y="k", training_frame=table.cbind(h2o.H2OFrame([[5]] * 300, column_names=["k"])))
    with pytest.raises(Exception, match="UTF-16"):
        h2o.import_file(write("wide.csv", "a,b\n1,2\n".encode("utf-16")))
    with pytest.raises(Exception, match="out of reach"):
        h2o.import_file("/etc/passwd")
    with pytest.raises(Exception, match="out of reach"):
        h2o.export_file(table, "/etc/x.csv")
    assert GBM(ntrees=2, min_rows=1).train(x=["size"], y="late", training_frame=table).auc() > 0.5
    h2o.connection().close()
