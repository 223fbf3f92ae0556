"""A builder of two nodes on one machine, as ENGINE.md has it: the shared engine and a private one.

`docker buildx dial-stdio` joins an engine's BuildKit to a pipe, and socat makes an endpoint of
it that the `remote` driver takes. Each node claims one platform.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import until

NODES = (("amd1", "linux/amd64"), ("arm1", "linux/arm64"))

_DIAL = "docker buildx --builder {builder} dial-stdio"


def why_no_nodes() -> str:
    """Return why no endpoint can be made here; '' where it can."""
    return "" if shutil.which("socat") else "no socat here"


def own_builder(environment: Mapping[str, str]) -> str:
    """Return the builder of the engine that `docker` uses: it is named after the context."""
    shown = subprocess.run(
        ["docker", "info", "--format", "{{.ClientInfo.Context}}"],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.strip()


class Endpoint:
    """BuildKit of the engine at `host` ('': the usual one), at a socket of its own."""

    def __init__(self, socket: Path, host: str = "") -> None:
        self.socket = socket
        # A colon in the command would be socat's own, so the engine is told in the environment.
        # It has Buildx's own state too: the Buildx that asks holds a lock on that of the test.
        environment = {name: told for name, told in os.environ.items() if name != "BUILDX_CONFIG"}
        environment |= {"DOCKER_HOST": host} if host else {}
        dial = _DIAL.format(builder=own_builder(environment))
        self._process = subprocess.Popen(
            ["socat", f"UNIX-LISTEN:{socket},fork", f"EXEC:{dial}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(socket.is_socket, "the endpoint listens")

    def clear(self) -> None:
        """End it, with all that came through it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self.socket.unlink(missing_ok=True)


def create(name: str, endpoints: tuple[Endpoint, Endpoint], environment: Mapping[str, str]) -> None:
    """Create the builder of both nodes by Buildx itself."""
    for endpoint, (node, platform), more in zip(endpoints, NODES, ((), ("--append",)), strict=True):
        words = ("--name", name, *more, "--node", node, "--platform", platform)
        subprocess.run(
            [
                "docker",
                "buildx",
                "create",
                *words,
                "--driver",
                "remote",
                f"unix://{endpoint.socket}",
            ],
            env=dict(environment),
            check=True,
            capture_output=True,
        )
