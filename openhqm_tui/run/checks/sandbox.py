"""What every container that is started for a check has in common: labels, limits, its removal."""

from __future__ import annotations

import asyncio
import posixpath

from openhqm_tui.domain.checks.evidence import PROCESSES
from openhqm_tui.engine.docker.cleanup import remove_container

RUN_LABEL = "openhqm-tui.run"
# Deadline of a container in epoch seconds: the process that should remove it may have died.
UNTIL_LABEL = "openhqm-tui.until"
_TRIES = 25
# Limits for what an image declares, so that it fits on a command line.
LONGEST_COMMAND = 64 * 1024
_MOST_VOLUMES = 64
# Not `type=tmpfs`: that would belong to root alone if the image has a folder there.
_MEMORY_VOLUME = (
    "volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"
    '"volume-opt=o=size={}m,noexec,nosuid,nodev"'
)
# Variables that a client's own settings would set in a container: nothing in it can use a proxy,
# and its address may contain a password.
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
NO_PROXIES = tuple(f"{name}=" for upper in _PROXIES for name in (upper, upper.lower()))


def limits(megabytes: int) -> tuple[str, ...]:
    """Return the options for everything that a container may use; `megabytes` is its memory."""
    return (
        *("--read-only", "--shm-size", "16m"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--memory", f"{megabytes}m", "--memory-swap", f"{megabytes}m"),
        *("--pids-limit", str(PROCESSES), "--cpus", "2", "--oom-score-adj", "500"),
        *("--ulimit", "core=0", "--ulimit", "nofile=4096:4096", "--no-healthcheck"),
    )


def labels(run_id: str, until: float) -> dict[str, str]:
    """Return the labels by which a container is found if its process dies."""
    return {RUN_LABEL: run_id, UNTIL_LABEL: f"{until:.0f}"}


def label_options(marks: dict[str, str]) -> list[str]:
    """Return the options that set labels."""
    return [word for name, value in marks.items() for word in ("--label", f"{name}={value}")]


def memory_volumes(volumes: tuple[str, ...], megabytes: int = 16) -> list[str]:
    """Return the options for /tmp and an image's volumes: each is empty and in memory.

    Otherwise a volume would be a folder on the engine's disk, which could be filled without limit.
    """
    options = ["--tmpfs", f"/tmp:rw,noexec,nosuid,nodev,size={megabytes}m"]  # noqa: S108
    folders = (posixpath.normpath(f"/{volume.lstrip('/')}") for volume in volumes)
    for place in dict.fromkeys(folders):
        if "\0" in place or place == "/tmp":  # noqa: S108 - is memory already
            continue
        # A mount is a line of CSV.
        quoted = place.replace('"', '""')
        options += ["--mount", f'type=volume,"dst={quoted}",{_MEMORY_VOLUME.format(megabytes)}']
    return options


def too_many_volumes(volumes: tuple[str, ...]) -> str:
    """Return why a container with these volumes isn't started, or ''."""
    if len(volumes) > _MOST_VOLUMES:
        return f"the image declares {len(volumes)} volumes; at most {_MOST_VOLUMES} are supported"
    if (letters := sum(map(len, volumes))) > LONGEST_COMMAND:
        return (
            f"the paths of the image's volumes have {letters} characters; at most "
            f"{LONGEST_COMMAND} are supported"
        )
    return ""


async def remove(container: str) -> None:
    """Remove a container; one that is starting, or being removed, takes several attempts."""
    for _ in range(_TRIES):
        if await asyncio.to_thread(remove_container, container):
            return
        await asyncio.sleep(0.2)
