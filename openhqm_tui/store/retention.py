"""Which runs are kept on disk, and the removal of the others."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import Problem
from openhqm_tui.store.run_folder import RunFolder, all_runs, runs_folder
from openhqm_tui.store.settings import Settings

KEEP_RUNS = 50
KEEP_MB = 1024
MB = 1_000_000
# Seconds: somebody may still be looking at such a recent run.
YOUNG = 3600.0
# The prefix of a run that is being removed; listings skip it.
_GONE = ".gone-"
_MOST_CONCURRENT = 10


class Limits(msgspec.Struct, frozen=True):
    """How many runs are kept, and how many bytes in total; None: no limit."""

    runs: int | None = KEEP_RUNS
    size: int | None = KEEP_MB * MB


def limits_of(settings: Settings) -> Limits:
    """Return the limits from the settings."""
    runs = KEEP_RUNS if settings.keep_runs is None else settings.keep_runs
    megabytes = KEEP_MB if settings.keep_mb is None else settings.keep_mb
    return Limits(runs, megabytes * MB)


class Kept(msgspec.Struct, frozen=True):
    """One run folder: bytes on disk, seconds since its last event, whether it is running."""

    name: str
    size: int
    age: float
    live: bool = False


class Pruned(msgspec.Struct):
    """What was removed, or would be. `unread` and `stayed` are the runs that couldn't be read or
    removed, each a name and the reason; they are left as they are.
    """

    gone: list[Kept] = msgspec.field(default_factory=list)
    unread: list[tuple[str, str]] = msgspec.field(default_factory=list)
    stayed: list[tuple[str, str]] = msgspec.field(default_factory=list)

    @property
    def freed(self) -> int:
        """The bytes that were freed, or would be."""
        return sum(run.size for run in self.gone)


def surplus(runs: Sequence[Kept], limits: Limits, *, spare: float = 0.0) -> list[Kept]:
    """Return the runs to remove, oldest first; `runs` are latest first.

    A run in progress, or younger than `spare` seconds, is kept. If it exceeds the limits, no
    older run is removed in its place: it is removed itself later.
    """
    gone: list[Kept] = []
    kept = size = 0
    for run in runs:
        fits = (limits.runs is None or kept < limits.runs) and (
            limits.size is None or size + run.size <= limits.size
        )
        if fits:
            kept += 1
            size += run.size
        elif not run.live and run.age >= spare:
            gone.append(run)
    return gone[::-1]


def prune(
    state: Path,
    limits: Limits,
    *,
    spare: float = 0.0,
    only_say: bool = False,
    let_go: Callable[[RunFolder], None] = lambda _: None,
) -> Pruned:
    """Remove the runs above `limits`, and what an interrupted prune left.

    `let_go` is called for each run before its removal, with its lock held. With `only_say`
    nothing is removed.
    """
    pruned = Pruned()
    runs = list(_runs(state, pruned))
    going = surplus(runs, limits, spare=spare)
    if only_say:
        pruned.gone += going
        return pruned
    for leftover in runs_folder(state).glob(f"{_GONE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for run in going:
        reason = _remove(RunFolder(runs_folder(state) / run.name), let_go)
        if reason:
            pruned.stayed.append((run.name, reason))
        elif reason is not None:
            pruned.gone.append(run)
    return pruned


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - many files
            except OSError:
                continue  # It was removed meanwhile.
    return total


def _runs(state: Path, pruned: Pruned) -> Iterator[Kept]:
    now = time.time()
    for run in all_runs(state):
        name = run.path.name
        try:
            _ = run.info
        except Problem as problem:
            pruned.unread.append((name, str(problem)))
            continue
        try:
            # A build may print output for hours without an event in the journal.
            files = [run.events_file, *run.path.glob("*.rawjson")]
            age = now - max(file.stat().st_mtime for file in files)
        except OSError:
            age = now - run.info.created
        yield Kept(name, size_of(run.path), age, live=run.is_live())


def _remove(run: RunFolder, let_go: Callable[[RunFolder], None]) -> str | None:
    """Remove a run that isn't executed; return why it stays, '' if removed, None if gone."""
    lock = -1
    out_of_sight = run.path.with_name(f"{_GONE}{run.path.name}")
    try:
        lock = run.lock()
        let_go(run)
        # Atomically, and with the lock held: nobody lists, reads or resumes half a run.
        run.path.rename(out_of_sight)
        # A concurrent prune that has just opened it creates its lock file once more.
        for _ in range(_MOST_CONCURRENT):
            shutil.rmtree(out_of_sight, ignore_errors=True)
            if not out_of_sight.exists():
                break
    except (OSError, Problem) as error:
        if not run.path.exists():
            return None
        return str(getattr(error, "strerror", "") or error)
    finally:
        if lock >= 0:
            os.close(lock)
    return "some files can't be removed" if out_of_sight.exists() else ""
