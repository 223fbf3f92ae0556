"""A proxy for the real engine's socket that behaves like an older engine.

    python -m tests.older_engine /tmp/old/docker.sock      (Ctrl-C ends it)

GitHub's hosted runners have Engine 28.0.4 with API 1.48. The version is rewritten in `/_ping`,
`/version` and `/info`, and requests of a newer API are refused with the engine's own message;
everything else is passed through, including BuildKit's upgraded connections.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

VERSION = "28.0.4"
API = "1.48"
REAL = "/var/run/docker.sock"

_REQUEST = re.compile(rb"^([A-Z]+) (?:/v(\d+)\.(\d+))?(/[^ ?]*)")
_REWRITTEN = {b"/version", b"/info", b"/_ping"}
_CHUNK = 1 << 16


def _read_head(stream: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a message with its empty line, and the received part of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(_CHUNK)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _without(head: bytes, *names: bytes) -> bytes:
    return re.sub(rb"(?mi)^(?:" + b"|".join(names) + rb"):[^\r\n]*\r\n", b"", head)


def _closing(head: bytes) -> bytes:
    """One message per connection, so the length of a body isn't needed."""
    return _without(head, b"Connection")[:-2] + b"Connection: close\r\n\r\n"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _dechunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Server

    def handle(self) -> None:
        head, rest = _read_head(self.request)
        request = _REQUEST.match(head)
        if request is None:
            return
        if request[2] and (int(request[2]), int(request[3])) > tuple(map(int, API.split("."))):
            self._refuse(f"{int(request[2])}.{int(request[3])}")
            return
        upgraded = re.search(rb"(?mi)^Upgrade:", head) is not None
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self.server.real)
            engine.sendall((head if upgraded else _closing(head)) + rest)
            upload = threading.Thread(target=_pump, args=(self.request, engine), daemon=True)
            upload.start()
            if request[4] in _REWRITTEN:
                self._rewrite(engine, request[1] == b"HEAD")
            elif upgraded:
                _pump(engine, self.request)
                upload.join()
            else:
                response, more = _read_head(engine)
                self.request.sendall(_closing(response) + more)
                _pump(engine, self.request)

    def _refuse(self, version: str) -> None:
        message = f"client version {version} is too new. Maximum supported API version is {API}"
        self._send("400 Bad Request", json.dumps({"message": message}).encode())

    def _rewrite(self, engine: socket.socket, head_only: bool) -> None:
        head, body = _read_head(engine)
        while data := engine.recv(_CHUNK):
            body += data
        if re.search(rb"(?mi)^Transfer-Encoding: chunked", head):
            body = _dechunked(body)
        head = _without(head, b"Transfer-Encoding", b"Content-Length")
        head = re.sub(rb"(?mi)^(Api-Version: )[^\r\n]*", rb"\g<1>" + API.encode(), head)
        head = re.sub(rb"(?mi)^(Server: Docker/)[^\s]*", rb"\g<1>" + VERSION.encode(), head)
        if body.startswith(b"{"):
            body = json.dumps(_older(json.loads(body))).encode()
        length = b"" if head_only else f"Content-Length: {len(body)}\r\n".encode()
        self.request.sendall(_closing(head[:-2] + length + b"\r\n") + body)

    def _send(self, status: str, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status}\r\nApi-Version: {API}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.request.sendall(head.encode() + body)


def _older(response: dict[str, object]) -> dict[str, object]:
    """Return the response of `/version` or `/info` as of the older engine."""
    if "ApiVersion" in response:
        response |= {"Version": VERSION, "ApiVersion": API}
        for part in response.get("Components") or ():  # type: ignore[attr-defined]
            if part["Name"] == "Engine":
                part["Version"] = VERSION
                part["Details"] |= {"ApiVersion": API}
    if "ServerVersion" in response:
        response["ServerVersion"] = VERSION
    return response


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, place: Path, real: str) -> None:
        self.real = real
        super().__init__(str(place), _Handler)
        # On a hosted runner, any user may use the engine.
        place.chmod(0o666)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up."""


@contextlib.contextmanager
def older_engine(place: Path, real: str = "") -> Iterator[str]:
    """Serve at the socket `place` within the context; yield the value for DOCKER_HOST."""
    place.unlink(missing_ok=True)
    server = _Server(place, real or _socket_of(os.environ.get("DOCKER_HOST", "")))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"unix://{place}"
    finally:
        server.shutdown()
        server.server_close()
        place.unlink(missing_ok=True)


def _socket_of(host: str) -> str:
    return host.removeprefix("unix://") if host.startswith("unix://") else REAL


if __name__ == "__main__":
    with older_engine(Path(sys.argv[1])) as host, contextlib.suppress(KeyboardInterrupt):
        print(f"DOCKER_HOST={host}", flush=True)
        threading.Event().wait()
