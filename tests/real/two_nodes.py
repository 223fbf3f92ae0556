"""A builder with two nodes on one machine: the shared engine and a private one.

`docker buildx dial-stdio` connects an engine's BuildKit to a pipe, and socat turns that into an
endpoint for the `remote` driver. Each node claims one platform.
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
    """Return why no endpoint can be created here, or ''."""
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
    """BuildKit of the engine at `host` ('': the default one), at its own socket."""

    def __init__(self, socket: Path, host: str = "") -> None:
        self.socket = socket
        # socat would interpret a colon in the command, so the engine is set in the environment.
        # It uses the default Buildx state: the calling Buildx holds a lock on that of the test.
        environment = {name: value for name, value in os.environ.items() if name != "BUILDX_CONFIG"}
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
        """Kill the endpoint with all its connections."""
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
