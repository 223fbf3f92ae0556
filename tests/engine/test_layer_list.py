"""An image's index and manifests, read from an engine's export."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import socketserver
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from openhqm_tui.domain.checks.layer_manifest import ImageDocuments
from openhqm_tui.engine.docker.api import EngineApi
from openhqm_tui.engine.docker.images import ImageUnknown, read_documents


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


LAYERS = (b"first" * 1000, b"second" * 2000)
CONFIG = json.dumps({"history": [{"created_by": "ADD x /"}, {"created_by": "COPY y /"}]}).encode()
MANIFEST = json.dumps(
    {
        "config": {"digest": digest(CONFIG)},
        "layers": [{"digest": digest(blob), "size": len(blob)} for blob in LAYERS],
    }
).encode()


def image(*blobs: bytes) -> bytes:
    """Return an image export with the blobs in the given order."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        for blob in blobs:
            member = tarfile.TarInfo(f"blobs/{digest(blob).replace(':', '/')}")
            member.size = len(blob)
            file.addfile(member, io.BytesIO(blob))
    return made.getvalue()


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    status = 200
    body = b""
    path = ""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.path = self.path
        self.send_response(self.server.status)
        self.end_headers()
        # The client closes the connection once it has read enough.
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(self.server.body)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(str(tmp_path / "engine.sock"), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


INDEX = json.dumps({"manifests": [{"digest": digest(MANIFEST)}]}).encode()


def documents(server: Server, top: bytes = INDEX) -> ImageDocuments:
    api = EngineApi({"DOCKER_HOST": f"unix://{server.server_address!s}"})
    return read_documents("acme/x@sha256:1", digest(top), api)


def read(server: Server, top: bytes = INDEX) -> list[tuple[int, str]]:
    layers = documents(server, top).layers(digest(MANIFEST))
    return [(layer.size, layer.created_by) for layer in layers]


@pytest.mark.parametrize(
    "order",
    [
        (INDEX, MANIFEST, CONFIG, *LAYERS),
        (CONFIG, LAYERS[0], MANIFEST, INDEX, LAYERS[1]),
        (*LAYERS, INDEX, MANIFEST, CONFIG),
    ],
)
def test_parts_are_read_in_any_order(server: Server, order: tuple[bytes, ...]) -> None:
    server.body = image(*order)
    assert read(server) == [(5000, "ADD x /"), (12000, "COPY y /")]


def test_an_image_for_one_platform_needs_no_index(server: Server) -> None:
    server.body = image(MANIFEST, CONFIG)
    assert read(server, MANIFEST) == [(5000, "ADD x /"), (12000, "COPY y /")]
    assert urlsplit(server.path).query == "names=acme%2Fx%40sha256%3A1"


def test_only_documents_are_kept_and_missing_ones_are_left_out(server: Server) -> None:
    other = b'{"config": {"digest": "%s"}}' % digest(b"gone").encode()
    index = {"manifests": [{"digest": digest(one)} for one in (MANIFEST, other, b"pruned")]}
    top = json.dumps(index).encode()
    server.body = image(b"{}", *LAYERS, top, MANIFEST, other, CONFIG)
    assert documents(server, top).blobs == {
        digest(blob): blob for blob in (top, MANIFEST, other, CONFIG)
    }


def test_reading_stops_at_the_last_document(server: Server) -> None:
    # The rest is not a valid archive, so reading it would fail.
    blobs = (CONFIG, INDEX, MANIFEST)
    end = sum(512 + -(-len(blob) // 512) * 512 for blob in blobs)
    server.body = image(*blobs)[:end] + b"\xff" * (4 << 20)
    assert len(read(server)) == 2


def test_without_a_config_layers_have_no_instruction(server: Server) -> None:
    server.body = image(INDEX, MANIFEST, *LAYERS)
    assert read(server) == [(5000, ""), (12000, "")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"message": "no such image"}'),
        (200, b""),
        (200, b"\xff" * 10_000),
        (200, image(*LAYERS)),
        (200, image(INDEX, *LAYERS)[:700]),
    ],
)
def test_an_unusable_response_is_an_error(server: Server, status: int, body: bytes) -> None:
    server.status, server.body = status, body
    with pytest.raises(ImageUnknown):
        read(server)


def test_a_missing_engine_is_an_error(tmp_path: Path) -> None:
    api = EngineApi({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    with pytest.raises(ImageUnknown):
        read_documents("acme/x", digest(INDEX), api)
