"""The persistent connection to the Engine API, against a small server on a socket."""

from __future__ import annotations

import hashlib
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from openhqm_tui.engine.docker.api import EngineApi, EngineSilent, local_socket
from tests.fake_docker import FakeDocker


class Server(socketserver.ThreadingUnixStreamServer):
    """Counts connections and records the requested paths."""

    daemon_threads = True
    connections = 0
    paths: list[str]
    body = b'{"a": 1}'

    def verify_request(self, request: object, client_address: object) -> bool:
        self.connections += 1
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(self.server.body)))
        if "bye" in self.path:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.server.body)
        if "cut" in self.path:
            self.close_connection = True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(str(tmp_path / "engine.sock"), Handler) as found:
        found.paths = []
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def api(server: Server) -> EngineApi:
    return EngineApi({"DOCKER_HOST": f"unix://{server.server_address!s}"})


def test_one_connection_serves_many_requests(server: Server) -> None:
    with api(server) as engine:
        assert engine.get("/one") == (200, {"a": 1})
        assert engine.get("/missing") == (404, {"a": 1})
        assert engine.get("/two") == (200, {"a": 1})
    assert server.connections == 1
    assert server.paths == ["/v1.49/one", "/v1.49/missing", "/v1.49/two"]


@pytest.mark.parametrize("path", ["/bye", "/cut"])
def test_a_closed_connection_is_reopened(server: Server, path: str) -> None:
    with api(server) as engine:
        assert engine.get(path)[0] == 200
        assert engine.get("/again")[0] == 200
    assert server.connections == 2


@pytest.mark.parametrize("body", [b"", b"not json", b"[" * 100_000, b"\xff"], ids=len)
def test_an_invalid_response_is_reported(server: Server, body: bytes) -> None:
    server.body = body
    with api(server) as engine, pytest.raises(EngineSilent, match="can't be parsed"):
        engine.get("/x")


def test_an_endless_response_is_cut(server: Server) -> None:
    server.body = b"x" * (17 << 20)
    with api(server) as engine, pytest.raises(EngineSilent, match=r"longer than 16\.8 MB"):
        engine.get("/x")


def test_a_missing_engine_is_reported(tmp_path: Path) -> None:
    gone = {"DOCKER_HOST": f"unix://{tmp_path / 'gone'}"}
    with EngineApi(gone) as engine, pytest.raises(EngineSilent, match="did not respond"):
        engine.get("/x")


def test_a_missing_client_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with EngineApi({"DOCKER_HOST": "ssh://x"}) as engine, pytest.raises(EngineSilent):
        engine.get("/x")


def test_a_remote_engine_is_reached_through_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeDocker(tmp_path / "fake", monkeypatch)
    with EngineApi() as engine:
        for _ in range(3):
            assert engine.get("/images/x:latest-redis/json?manifests=1")[0] == 200
    assert fake.calls == [["system", "dial-stdio"]]


@pytest.mark.parametrize(
    ("environment", "chosen", "endpoint", "socket"),
    [
        ({}, "", "", "/var/run/docker.sock"),
        ({}, "default", "", "/var/run/docker.sock"),
        ({"DOCKER_HOST": "unix:///x.sock"}, "", "", "/x.sock"),
        ({"DOCKER_HOST": "unix:///x.sock", "DOCKER_CONTEXT": "far"}, "", "", "/x.sock"),
        ({"DOCKER_HOST": "tcp://x:2375"}, "", "", ""),
        ({"DOCKER_HOST": "ssh://x"}, "", "", ""),
        ({}, "colima", "unix:///c.sock", "/c.sock"),
        ({"DOCKER_CONTEXT": "colima"}, "far", "unix:///c.sock", "/c.sock"),
        ({"DOCKER_CONTEXT": "default"}, "colima", "unix:///c.sock", "/var/run/docker.sock"),
        ({}, "colima", "ssh://x", ""),
        ({}, "missing", "", ""),
    ],
)
def test_the_socket_is_the_one_that_docker_would_use(
    tmp_path: Path, environment: dict[str, str], chosen: str, endpoint: str, socket: str
) -> None:
    if chosen:
        (tmp_path / "config.json").write_text(json.dumps({"currentContext": chosen}))
    if endpoint:
        meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest()
        meta.mkdir(parents=True)
        context = {"Name": "colima", "Endpoints": {"docker": {"Host": endpoint}}}
        (meta / "meta.json").write_text(json.dumps(context))
    assert local_socket(environment | {"DOCKER_CONFIG": str(tmp_path)}) == socket


@pytest.mark.parametrize("text", ["", "{", "[]", '{"currentContext": 5}', "[" * 100_000], ids=len)
def test_a_damaged_config_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert local_socket({"DOCKER_CONFIG": str(tmp_path)}) == "/var/run/docker.sock"
