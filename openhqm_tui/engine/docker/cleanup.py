"""Removal of what a run left in the engine: containers, temporary tags, pulled images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from openhqm_tui.engine.docker.client import CommandError, with_docker
from openhqm_tui.engine.docker.command import TIMED_OUT, capture

if TYPE_CHECKING:
    from python_on_whales import DockerClient

# Seconds for one command: a stopped engine never responds.
_LIST_TIMEOUT = 10.0
_REMOVE_TIMEOUT = 60.0


def remove_containers(label: str) -> list[str]:
    """Remove every container with `label` (`KEY=VALUE`); return the errors."""

    def remove(docker: DockerClient) -> None:
        left = docker.container.list(all=True, filters=[("label", label)])
        docker.container.remove(left, force=True, volumes=True)

    try:
        with_docker(remove, timeout=_REMOVE_TIMEOUT)
    except CommandError as error:
        return [f"containers with the label {label} may remain: {error}"]
    return []


def remove_container(name: str) -> bool:
    """Remove a container; return False if it is still there, as one that is starting may be."""
    with contextlib.suppress(CommandError):
        # Fails if the engine is already removing it.
        with_docker(
            lambda docker: docker.container.remove(name, force=True, volumes=True),
            timeout=_REMOVE_TIMEOUT,
        )
    try:
        return not with_docker(
            lambda docker: docker.container.list(all=True, filters=[("name", f"^/{name}$")]),
            timeout=_LIST_TIMEOUT,
        )
    except CommandError:
        # An engine that doesn't respond won't at the next attempt either.
        return True


def remove_overdue_containers(label: str, now: float) -> None:
    """Remove every container whose `label` is a time before `now`, in seconds since the epoch.

    These are left from processes that were killed: each process removes its own containers long
    before that time. What can't be removed now is removed by the next run.
    """
    shown = f'{{{{.ID}}}} {{{{.Label "{label}"}}}}'
    command = ["docker", "ps", "--all", "--filter", f"label={label}", "--format", shown]
    (listed,) = capture(command, timeout=_LIST_TIMEOUT)
    lines = [line.split() for line in listed.out.splitlines()] if listed.ok else []
    overdue = [
        words[0]
        for words in lines
        if len(words) == 2 and words[1].isdecimal() and float(words[1]) < now
    ]
    if overdue:
        with contextlib.suppress(CommandError):
            with_docker(
                lambda docker: docker.container.remove(overdue, force=True, volumes=True),
                timeout=_REMOVE_TIMEOUT,
            )


def remove_images(tags: Sequence[str]) -> list[str]:
    """Remove tags from the engine's store; return the errors."""
    return _remove_each(tags, lambda reference, docker: docker.image.remove(reference, force=True))


def remove_pulled(references: Sequence[str]) -> list[str]:
    """Remove images that were pulled by digest to be checked; return the errors.

    An image that has another name in its repository by now is in use by somebody: removing it by
    digest would remove all of these names.
    """

    def remove(reference: str, docker: DockerClient) -> None:
        repository = reference.partition("@")[0]
        names = docker.image.inspect(reference).repo_tags or ()
        if not any(name.startswith(f"{repository}:") for name in names):
            docker.image.remove(reference)

    return _remove_each(references, remove)


def _remove_each(
    references: Sequence[str], remove: Callable[[str, DockerClient], None]
) -> list[str]:
    kept: dict[str, list[str]] = {}
    for index, reference in enumerate(references):
        try:
            with_docker(partial(remove, reference), timeout=_REMOVE_TIMEOUT)
        except CommandError as error:
            if error.result.code == TIMED_OUT:
                # The engine doesn't respond, so the others would take as long.
                kept.setdefault(str(error), []).extend(references[index:])
                break
            if "no such image" not in error.result.err.lower():
                kept.setdefault(str(error), []).append(reference)
    return [
        f"images that couldn't be removed: {' '.join(names)} ({reason})"
        for reason, names in kept.items()
    ]
