"""Removal of what a run left in the engine: containers and temporary tags."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from openhqm_tui.engine.docker.command import capture

# Seconds for the engine to say anything at all: a stopped one would hold its client for ever.
_PATIENCE = 10.0
_REMOVE_PATIENCE = 60.0


def remove_containers(label: str) -> list[str]:
    """Remove every container with `label` (`KEY=VALUE`); return what went wrong, in words."""
    if not _answers():
        return [f"containers with the label {label} may be left: the engine doesn't answer"]
    # Imported here: it costs 0.35 s, and few runs leave anything behind.
    from python_on_whales import DockerClient
    from python_on_whales.exceptions import DockerException

    try:
        docker = DockerClient()
        left = docker.container.list(all=True, filters=[("label", label)])
        if left:
            docker.container.remove(left, force=True, volumes=True)
    except DockerException as error:
        return [f"containers with the label {label} may be left: {_reason(error)}"]
    return []


def remove_overdue_containers(label: str, now: float) -> None:
    """Remove every container whose `label` names a time before `now`, in seconds of the epoch.

    Nobody is left who would: whoever started one takes it away long before. What can't be removed
    now is removed the next time.
    """
    shown = f'{{{{.ID}}}} {{{{.Label "{label}"}}}}'
    told = _said("docker", "ps", "--all", "--filter", f"label={label}", "--format", shown)
    lines = [line.split() for line in (told or "").splitlines()]
    overdue = [
        words[0]
        for words in lines
        if len(words) == 2 and words[1].isdecimal() and float(words[1]) < now
    ]
    if overdue:
        _said("docker", "rm", "--force", "--volumes", *overdue)


def remove_images(tags: Sequence[str]) -> list[str]:
    """Remove tags from the engine's store; return what went wrong, in words."""
    if not _answers():
        return [f"{' '.join(tags)} may be left in the engine: it doesn't answer"]
    from python_on_whales import DockerClient
    from python_on_whales.exceptions import DockerException, NoSuchImage

    docker = DockerClient()
    notes: list[str] = []
    for tag in tags:
        try:
            docker.image.remove(tag, force=True)
        except NoSuchImage:
            continue
        except DockerException as error:
            notes.append(f"the image {tag} could not be removed: {_reason(error)}")
    return notes


def remove_pulled(references: Sequence[str]) -> list[str]:
    """Remove images that were pulled by digest to be asked; return what went wrong, in words.

    One that has another name in its repository by now is somebody's, and with its digest the
    engine would take every such name away.
    """
    if not references:
        return []
    if not _answers():
        return [f"{' '.join(references)} may be left in the engine: it doesn't answer"]
    notes: list[str] = []
    for reference in references:
        inspect = ["docker", "image", "inspect", "--format", "{{json .RepoTags}}", reference]
        (seen,) = capture(inspect, timeout=_PATIENCE)
        repository = reference.partition("@")[0]
        # Where nobody can say who else calls it so, it stays.
        if not seen.ok or f'"{repository}:' in seen.out:
            continue
        (removed,) = capture(["docker", "image", "rm", reference], timeout=_REMOVE_PATIENCE)
        if not removed.ok:
            notes.append(f"the image {reference} could not be removed: {removed.last_words}")
    return notes


def _answers() -> bool:
    return _said("docker", "version", "--format", "{{.Server.Version}}") is not None


def _said(*command: str) -> str | None:
    """Return what a command prints; None where it fails or takes too long."""
    try:
        asked = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.decode("utf-8", "replace") if asked.returncode == 0 else None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(getattr(error, "stderr", None) or error).splitlines()]
    return next((line for line in lines if line), "no reason given")
