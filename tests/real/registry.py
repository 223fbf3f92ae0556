"""Private registries on this machine, at `localhost:PORT`, which Docker accepts without TLS."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openhqm_tui.domain.run.published import PublishedIndex, read_published
from tests.waiting import until

_KINDS = (
    "application/vnd.oci.image.index.v1+json,"
    "application/vnd.docker.distribution.manifest.list.v2+json,"
    "application/vnd.oci.image.manifest.v1+json,"
    "application/vnd.docker.distribution.manifest.v2+json"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Run a registry with its data in `folder`; yield its name, and kill it afterwards."""
    program = shutil.which("docker-registry")
    if program is None:
        missing = "no `docker-registry` here (Debian's package of that name)"
        if os.environ.get("OPENHQM_TUI_REQUIRE_ENGINE"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder.mkdir(exist_ok=True)
    config = folder / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with subprocess.Popen(
        [program, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        host = f"localhost:{port}"
        try:
            until(lambda: _responds(host), "the registry responds")
            yield host
        finally:
            process.kill()


def _responds(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}/v2/", timeout=5):
            return True
    except OSError:
        return False


def tags_at(name: str) -> list[str]:
    """Return the tags of `HOST/REPOSITORY` in a registry; none if it doesn't exist."""
    host, _, repository = name.partition("/")
    try:
        with urllib.request.urlopen(
            f"http://{host}/v2/{repository}/tags/list", timeout=5
        ) as answer:
            return sorted(json.load(answer)["tags"] or ())
    except OSError:
        return []


def index_at(name: str, reference: str) -> PublishedIndex:
    """Return the index of `HOST/REPOSITORY` under a tag or digest, read from the registry."""
    host, _, repository = name.partition("/")
    request = urllib.request.Request(
        f"http://{host}/v2/{repository}/manifests/{reference}", headers={"Accept": _KINDS}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return read_published(answer.read())


def is_complete(name: str, index: PublishedIndex) -> bool:
    """Return whether a registry has every image of an index, with every layer."""
    host, _, repository = name.partition("/")
    for image in index.images:
        request = urllib.request.Request(
            f"http://{host}/v2/{repository}/manifests/{image.digest}", headers={"Accept": _KINDS}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            manifest = json.load(answer)
        for blob in (manifest["config"], *manifest["layers"]):
            head = urllib.request.Request(
                f"http://{host}/v2/{repository}/blobs/{blob['digest']}", method="HEAD"
            )
            with urllib.request.urlopen(head, timeout=5) as answer:
                assert int(answer.headers["Content-Length"]) == blob["size"]
    return bool(index.images)


class DyingRegistry:
    """A registry at `localhost:PORT` that is killed after receiving so many bytes.

    The bytes go through a proxy of ours, so that the moment is the same on every machine.
    """

    def __init__(self, folder: Path, port: int, after: int) -> None:
        self.name = f"localhost:{port}"
        self.died = threading.Event()
        self._left = after
        self._behind = free_port()
        self._serving = serving(folder, self._behind)
        self._serving.__enter__()
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        """Kill the registry, and close the port."""
        if not self.died.is_set():
            self.died.set()
            # Otherwise the accepting thread would keep the port open.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._serving.__exit__(None, None, None)

    def _accept(self) -> None:
        while not self.died.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            host = socket.create_connection(("127.0.0.1", self._behind))
            for from_, to, counted in ((client, host, True), (host, client, False)):
                threading.Thread(
                    target=self._forward, args=(from_, to, counted), daemon=True
                ).start()

    def _forward(self, from_: socket.socket, to: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := from_.recv(65536):
                self._left -= len(data) if counted else 0
                if self._left < 0:
                    self.die()
                    break
                to.sendall(data)
        for end in (from_, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
