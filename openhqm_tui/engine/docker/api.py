"""The Engine API over one persistent connection, for data that the CLI doesn't show.

Connects to a local engine's socket directly. Every other endpoint (ssh, TLS, TCP) goes through
`docker system dial-stdio`, which uses contexts as `docker` itself does.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from openhqm_tui.domain.errors import Problem, reason_of
from openhqm_tui.domain.formatting import size_text

# `manifests` came with API 1.48 (Engine 28.0), `platform` with 1.49 (Engine 28.1).
API = "v1.49"
_TIMEOUT = 20.0
# Between two parts of an export: a busy engine takes its time before the first.
_EXPORT_TIMEOUT = 120.0
_MOST_BYTES = 16 << 20
_LOCAL = "unix://"
USUAL_SOCKET = "/var/run/docker.sock"


class EngineSilent(Problem):
    """The engine didn't respond, or its response can't be read; `str()` is the reason."""


class EngineApi:
    """A connection for consecutive requests: a context manager, for one thread.

    It connects at the first request, and again if the engine has closed the connection.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._connection: http.client.HTTPConnection | None = None
        self._dial: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EngineApi:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
        if self._dial is not None:
            self._dial.kill()
            self._dial.wait()
        self._connection = self._dial = None

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status and the decoded JSON of `GET path`; raises EngineSilent."""
        kept = self._connection is not None
        try:
            return self._get(path)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # Only a connection that was used before can be stale.
            if not kept or isinstance(error, TimeoutError):
                raise EngineSilent(f"the engine did not respond ({reason_of(error)})") from error
        try:
            return self._get(path)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise EngineSilent(f"the engine did not respond ({reason_of(error)})") from error

    def open(self, path: str) -> http.client.HTTPResponse:
        """Return the response to `GET path`, to be streamed; raises EngineSilent.

        It takes a new connection, which the caller closes after reading enough.
        """
        self.close()
        try:
            self._connection = self._connect()
            self._connection.sock.settimeout(_EXPORT_TIMEOUT)
            self._connection.request("GET", f"/{API}{path}", headers={"Connection": "close"})
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise EngineSilent(f"the engine did not respond ({reason_of(error)})") from error

    def _get(self, path: str) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request("GET", f"/{API}{path}")
        response = self._connection.getresponse()
        body = response.read(_MOST_BYTES)
        if not response.isclosed():
            self.close()
            raise EngineSilent(f"the engine's response is longer than {size_text(_MOST_BYTES)}")
        if response.will_close:
            self.close()
        try:
            return response.status, json.loads(body)
        except (ValueError, RecursionError) as error:
            raise EngineSilent("the engine's response can't be parsed") from error

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("docker")
        local = local_socket(self._environment)
        if local:
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(_TIMEOUT)
            try:
                stream.connect(local)
            except OSError:
                stream.close()
                raise
        else:
            stream, theirs = socket.socketpair()
            stream.settimeout(_TIMEOUT)
            with contextlib.closing(theirs):
                try:
                    self._dial = subprocess.Popen(
                        ["docker", "system", "dial-stdio"],
                        stdin=theirs.fileno(),
                        stdout=theirs.fileno(),
                        stderr=subprocess.DEVNULL,
                        start_new_session=True,
                    )
                except OSError:
                    stream.close()
                    raise
        connection.sock = stream
        # Otherwise a closed connection would silently be opened again, by TCP.
        connection.auto_open = 0
        return connection


def local_socket(environment: Mapping[str, str]) -> str:
    """Return the path of the local socket that `docker` would use; '' if it uses none.

    In `docker`'s order: DOCKER_HOST, DOCKER_CONTEXT, the current context, the default.
    """
    host = environment.get("DOCKER_HOST", "")
    if not host:
        folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
        name = environment.get("DOCKER_CONTEXT") or _text(
            _read(folder / "config.json"), "currentContext"
        )
        if name in {"", "default"}:
            host = f"{_LOCAL}{USUAL_SOCKET}"
        else:
            known = hashlib.sha256(name.encode()).hexdigest()
            meta = _read(folder / "contexts" / "meta" / known / "meta.json")
            host = _text(meta, "Endpoints", "docker", "Host")
    return host.removeprefix(_LOCAL) if host.startswith(_LOCAL) else ""


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _text(value: Any, *keys: str) -> str:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
