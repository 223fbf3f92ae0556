"""Removal of old runs, and of the processes that a killed runner left running.

Buildx, `docker push` and the clients of containers continue without their runner. `end_orphans`
stops them when the run is resumed, cancelled or removed; `orphans_of` only lists them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run import events
from openhqm_tui.run.checks.sandbox import RUN_LABEL
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.process import GRACE
from openhqm_tui.store.retention import YOUNG, Limits, Pruned, prune
from openhqm_tui.store.run_folder import RunFolder


def prune_runs(
    state: Path, limits: Limits, *, spare: float = 0.0, only_say: bool = False
) -> Pruned:
    """Remove runs beyond `limits`, and stop the processes that interrupted ones left."""
    return prune(state, limits, spare=spare, only_say=only_say, let_go=_stop_orphans)


def make_room(state: Path, limits: Limits) -> None:
    """Remove runs beyond `limits`, except young ones; never fails."""
    with contextlib.suppress(OSError, Problem):
        prune_runs(state, limits, spare=YOUNG)


def _stop_orphans(folder: RunFolder) -> None:
    if folder.is_imported:
        return  # an imported run never ran here, whatever its files claim
    # A finished run left nothing running, and searching takes time.
    if state_of(folder).outcome is None:
        asyncio.run(end_orphans(folder))


_POLL_EVERY = 0.1
_PATIENCE = 10.0


class Orphan(msgspec.Struct, frozen=True):
    """A process that works for a run, and its process group."""

    pid: int
    group: int
    command: str


def orphans_of(folder: RunFolder) -> list[Orphan]:
    """Return the processes that work for a run whose runner is gone; none while it is live.

    Because process ids are reused, each is identified by its command: a Buildx that builds this
    run folder's plan, a container's client with this run's label, or the recorded id of a push
    with its tag. Returns none if `ps` fails. Raises Problem if `run.json` can't be read.
    """
    return [] if folder.is_live() else _workers(folder)


async def end_orphans(
    folder: RunFolder, grace: Sequence[tuple[signal.Signals, float]] = GRACE
) -> list[Orphan]:
    """Stop the processes that a run's dead runner left, and return them.

    The caller holds the run's lock, so that no runner starts meanwhile.
    """
    found = await asyncio.to_thread(_workers, folder)
    left = {orphan.group for orphan in found}
    for number, patience in grace:
        for group in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        for _ in range(round(patience / _POLL_EVERY)):
            if not left:
                return found
            await asyncio.sleep(_POLL_EVERY)
            left = {orphan.group for orphan in await asyncio.to_thread(_workers, folder)}
    return found


def _workers(folder: RunFolder) -> list[Orphan]:
    tags = {target.name: target.tags for target in folder.info.targets}
    pushes = {
        event.pid: tags.get(event.target, ())
        for event in folder.events()
        if isinstance(event, events.PushStarted) and event.pid
    }
    plans = {str(file) for file in (folder.bake_file, folder.bake_file.resolve())}
    found: list[Orphan] = []
    if folder.is_imported:
        return found
    for pid, group, command in _processes():
        words = f" {command} "
        builds = any(f" bake -f {plan} " in words for plan in plans)
        checks = f" --label {RUN_LABEL}={folder.info.id} " in words
        pushed = any(
            f" push {tag} " in words or f" --tag {tag} " in words for tag in pushes.get(pid, ())
        )
        if (builds or checks or pushed) and group != os.getpgrp():
            found.append(Orphan(pid, group, command))
    return found


def _processes() -> list[tuple[int, int, str]]:
    """Return the id, group id and command of every process."""
    try:
        output = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,args="],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = []
    for line in output.splitlines():
        pid, group, state, command = [*line.split(maxsplit=3), "", "", "", ""][:4]
        # A zombie does no work.
        if pid.isdecimal() and group.isdecimal() and not state.startswith("Z"):
            found.append((int(pid), int(group), command))
    return found
