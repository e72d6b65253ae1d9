"""A real server process for the tests, driven by the h2o client as it comes."""

import json
import os
import pathlib
import random
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import h2o
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("GEYSER", str(ROOT / "build" / "geyser"))


class Server:
    """One geyser process on a free loopback port."""

    def __init__(self, data, *flags, env=None):
        self.data = pathlib.Path(data)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", "0", "--data-dir", str(data), "--log-level", "warn", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        line = self.process.stdout.readline()
        if not line.startswith("serving "):
            _, errors = self.process.communicate()
            raise RuntimeError(f"no server: {line}{errors}")
        self.url = line.split()[1].rstrip(",")

    def rest(self, method, path, /, form=None, headers=None, **query):
        """Sends one request, its path as it stands; returns status and decoded body."""
        url = self.url + urllib.parse.quote(path, safe="/%$~!:_") + ("?" + urllib.parse.urlencode(query) if query else "")
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def connect(self):
        h2o.connect(url=self.url, verbose=False)
        h2o.no_progress()
        return h2o

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        """Ends the process as an operator does; returns exit code and stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def start(tmp_path):
    """Starts servers that end with the test; without a directory, on an empty one."""
    running = []

    def launch(data=None, *flags, **more):
        server = Server(data or tmp_path / "data", *flags, **more)
        running.append(server)
        return server

    yield launch
    for server in running:
        server.kill()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """The server that most tests use."""
    server = Server(tmp_path_factory.mktemp("shared"))
    yield server
    code, errors = server.stop()
    assert code == 0, errors
    assert "panic" not in errors, errors


@pytest.fixture
def client(shared):
    """The h2o module, connected to the shared server, which has no keys yet."""
    shared.connect()
    yield h2o
    h2o.remove_all()


@pytest.fixture
def write(tmp_path):
    """Writes a file of text or bytes and returns its path."""

    def to(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return to


def flowers(rows=300, seed=7):
    """Rows with a number, a category with a gap, and a response of each kind that depends on them."""
    draw = random.Random(seed)
    lines = ["size,colour,weight,late,kind,price"]
    for _ in range(rows):
        size, colour, noise = round(draw.uniform(0, 10), 1), draw.choice(["red", "green", "blue", ""]), draw.gauss(0, 1)
        score = size + {"red": 3, "green": 0, "blue": -3, "": 1}[colour] + noise
        late = "yes" if score > 5 else "no"
        kind = "abc"[min(2, max(0, int(score // 4)))]
        lines.append(f"{size:.1f},{colour},{draw.randint(1, 3)},{late},{kind},{2 * score + 5:.6f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def table(client, write):
    """The flowers as a frame."""
    return client.import_file(write("flowers.csv", flowers()), destination_frame="flowers.hex")
