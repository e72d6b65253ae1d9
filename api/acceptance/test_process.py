"""The process: how it starts, refuses to start, and ends."""

import base64
import socket
import subprocess
import time

import h2o
import pytest

from conftest import BINARY


def run(*arguments, **more):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, **more)


def refused(result, *words):
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_second_process(start, tmp_path):
    start()
    refused(run("serve", "--port", 0, "--data-dir", tmp_path / "data"), "in use by process")


def test_taken_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused(run("serve", "--port", taken.getsockname()[1], "--data-dir", tmp_path / "data"), "is taken", "--port")


def test_unwritable_directory(write):
    refused(run("serve", "--port", 0, "--data-dir", write("file", "") + "/below"), "cannot be created")


def test_beyond_loopback_needs_a_key(start, tmp_path):
    data = tmp_path / "data"
    refused(run("serve", "--port", 0, "--address", "0.0.0.0", "--data-dir", data), "no API key")
    secret = run("keys", "create", "test", "--data-dir", data).stdout.strip()
    server = start(data, "--address", "0.0.0.0")
    port = server.url.rsplit(":", 1)[1]
    server.url = f"http://127.0.0.1:{port}"
    basic = base64.b64encode(f"anyone:{secret}".encode()).decode()
    for path in ("/3/Cloud", "/", "/metrics", "/3/Frames", "/flow/index.html", "/nosuch"):
        assert server.rest("GET", path)[0] == 401, path
    assert server.rest("GET", "/3/Cloud", headers={"Authorization": f"Bearer {secret}"})[0] == 200
    assert server.rest("GET", "/3/Cloud", headers={"Authorization": f"Basic {basic}"})[0] == 200
    assert server.rest("GET", "/3/Cloud", headers={"Authorization": "Bearer wrong"})[0] == 401
    h2o.connect(url=server.url, auth=("anyone", secret), verbose=False)
    assert h2o.cluster().cloud_healthy
    assert server.rest("GET", "/3/ImportFiles", path=str(tmp_path), headers={"Authorization": f"Bearer {secret}"})[0] != 500

    run("keys", "revoke", secret.split("_")[1], "--data-dir", data, check=True)
    assert server.rest("GET", "/3/Cloud", headers={"Authorization": f"Bearer {secret}"})[0] == 401


def test_stop(start):
    server = start()
    assert server.stop()[0] == 0
    again = start(server.data)
    assert again.rest("POST", "/3/Shutdown")[0] == 200
    again.process.communicate(timeout=30)
    assert again.process.returncode == 0


def test_environment(start):
    server = start(env={"GEYSER_H2O_VERSION": "3.1.4.1"})
    assert server.rest("GET", "/3/Cloud")[1]["version"] == "3.1.4.1"


def test_doctor():
    result = run("doctor")
    assert result.returncode == 0
    for word in ("processors", "memory", "disk", "libxgboost", "cuda", "large trainings"):
        assert word in result.stdout.lower()


@pytest.mark.parametrize("kind", ["cpu", "mem", "trace"])
def test_profile(start, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    server = start(tmp_path / "data", "--profile", kind)
    time.sleep(0.05)
    assert server.stop()[0] == 0
    written = tmp_path / ("trace.out" if kind == "trace" else f"{kind}.pprof")
    assert written.stat().st_size > 0
