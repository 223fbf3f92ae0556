"""One container: its state, its output, a command inside it, a signal, the owner of a folder."""

from __future__ import annotations

import http.client
import tarfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.api import EngineApi, EngineSilent
from openhqm_tui.engine.docker.cleanup import remove_container
from openhqm_tui.engine.docker.client import CommandError, with_docker

# Seconds for one command.
_TIMEOUT = 20.0
_TAIL_LINES = 20
_TAR_BLOCK = 512


class ContainerState(msgspec.Struct, frozen=True):
    """Whether a container's process runs, or how it ended."""

    running: bool
    exit_code: int = 0
    out_of_memory: bool = False


def state_of(name: str) -> ContainerState | None:
    """Return the state of a container, including one that is gone; None if it is unknown."""
    try:
        with EngineApi() as api:
            status, answer = api.get(f"/containers/{quote(name)}/json")
    except EngineSilent:
        return None
    if status == http.client.NOT_FOUND:
        return ContainerState(running=False)
    state: Any = answer.get("State") if isinstance(answer, dict) else None
    if status != http.client.OK or not isinstance(state, dict):
        return None
    code = state.get("ExitCode")
    return ContainerState(
        state.get("Running") is True,
        code if isinstance(code, int) else 0,
        state.get("OOMKilled") is True,
    )


def last_line(name: str) -> str:
    """Return the last line of a container's output that isn't blank, or ''."""
    try:
        text = with_docker(
            lambda docker: docker.container.logs(name, tail=_TAIL_LINES), timeout=_TIMEOUT
        )
    except CommandError:
        return ""
    lines = [line for line in str(text).splitlines() if line.strip()]
    return one_line(lines[-1], 200) if lines else ""


def succeeds_inside(name: str, command: Sequence[str]) -> bool:
    """Run a command inside a container, and return whether it succeeded."""
    try:
        with_docker(lambda docker: docker.container.execute(name, command), timeout=_TIMEOUT)
    except CommandError:
        return False
    return True


def signal_container(name: str, signal: str) -> None:
    """Send a signal to a container's first process; without effect if it is gone."""
    try:
        with_docker(lambda docker: docker.container.kill(name, signal=signal), timeout=_TIMEOUT)
    except CommandError:
        return


def owner_of(image: str, folder: str, *, platform: str, name: str, labels: dict[str, str]) -> str:
    """Return the owner of a folder in an image, as `UID:GID`; '' if it isn't known.

    A container with this name is created for it and removed; it is never started.
    """
    try:
        with_docker(
            lambda docker: docker.container.create(
                image,
                name=name,
                labels=labels,
                networks=["none"],
                platform=platform,
                pull="never",
            ),
            timeout=_TIMEOUT,
        )
        return _owner(name, folder)
    except CommandError:
        return ""
    finally:
        remove_container(name)


def _owner(name: str, folder: str) -> str:
    path = f"/containers/{quote(name)}/archive?path={quote(folder, safe='')}"
    try:
        with EngineApi() as api:
            response = api.open(path)
            if response.status != http.client.OK:
                return ""
            # The folder itself comes first.
            header = tarfile.TarInfo.frombuf(response.read(_TAR_BLOCK), "utf-8", "surrogateescape")
    except (EngineSilent, OSError, http.client.HTTPException, tarfile.TarError):
        return ""
    return f"{header.uid}:{header.gid}"
