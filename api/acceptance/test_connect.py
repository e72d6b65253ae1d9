"""Connecting, and what the server says about itself."""

import h2o


def test_cluster(client, shared):
    cluster = client.cluster()
    assert cluster.version == h2o.__version__
    assert cluster.cloud_healthy
    assert cluster.cloud_size == 1
    assert cluster.is_running()
    assert shared.rest("GET", "/3/Ping")[0] == 200


def test_pages(shared):
    for path in ("/", "/flow/index.html", "/metrics"):
        status, text = shared.rest("GET", path)
        assert status == 200, path
        assert text
    assert "go_goroutines" in shared.rest("GET", "/metrics")[1]


def test_endpoints(shared):
    status, answer = shared.rest("GET", "/3/Metadata/endpoints")
    assert status == 200
    routes = {(route["http_method"], route["url_pattern"]) for route in answer["routes"]}
    for route in (
        ("GET", "/3/Frames"),
        ("GET", "/3/Frames/{frame_id}"),
        ("DELETE", "/3/Frames/{frame_id}"),
        ("GET", "/3/Models"),
        ("GET", "/3/Models/{model_id}"),
        ("DELETE", "/3/Models/{model_id}"),
        ("POST", "/3/ModelBuilders/gbm"),
        ("GET", "/3/Jobs/{job_id}"),
        ("POST", "/3/Predictions/models/{model}/frames/{frame}"),
        ("GET", "/3/Metadata/endpoints"),
        ("GET", "/3/Cloud"),
        ("POST", "/3/ImportFiles"),
        ("GET", "/3/ImportFiles"),
        ("POST", "/3/Parse"),
    ):
        assert route in routes


def test_foreign_pages_are_refused(shared):
    assert shared.rest("GET", "/3/Cloud", headers={"Host": "evil.example"})[0] == 403
    assert shared.rest("GET", "/3/Cloud", headers={"Origin": "http://evil.example"})[0] == 403
    assert shared.rest("GET", "/3/Cloud", headers={"Origin": "http://localhost:8000"})[0] == 200
