"""Which runs are kept on disk, and removal of the others."""

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
# Seconds: somebody may still look at what was begun so short a time ago.
YOUNG = 3600.0
# Nothing that is named so is a run: it was one, and is about to be removed.
_GONE = ".gone-"


class Limits(msgspec.Struct, frozen=True):
    """How many runs are kept, and how many bytes of them; None: all."""

    runs: int | None = KEEP_RUNS
    size: int | None = KEEP_MB * MB


def limits_of(settings: Settings) -> Limits:
    """Return the limits that the settings tell."""
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
    """What was removed, or would be; what can't be read is left alone, what can't go stays.

    `unread` and `stayed` hold a name and the reason.
    """

    gone: list[Kept] = msgspec.field(default_factory=list)
    unread: list[tuple[str, str]] = msgspec.field(default_factory=list)
    stayed: list[tuple[str, str]] = msgspec.field(default_factory=list)

    @property
    def freed(self) -> int:
        """The bytes that became free, or would."""
        return sum(run.size for run in self.gone)


def surplus(runs: Sequence[Kept], limits: Limits, *, spare: float = 0.0) -> list[Kept]:
    """Return the runs that go, the oldest first; `runs` are the latest first.

    A run that goes on, or is younger than `spare` seconds, stays. Where there is no room for it,
    it costs no older run its place: it goes itself when its time has come.
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
    """Remove the runs that are more than `limits`, and what an earlier prune left half removed.

    `let_go` is called with every run before it goes, while its lock is held. With `only_say`
    nothing is done.
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
    """Return the bytes of the files in a folder and below."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - many files
            except OSError:
                continue  # it went while we looked
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
    """Remove a run that nobody executes; return why not, '' where it is gone, None if it was."""
    lock = -1
    out_of_sight = run.path.with_name(f"{_GONE}{run.path.name}")
    try:
        lock = run.lock()
        let_go(run)
        # In one step, and locked still: nobody lists, reads or takes up half a run.
        run.path.rename(out_of_sight)
        # Another prune may run concurrently, so check what is left.
        shutil.rmtree(out_of_sight, ignore_errors=True)
    except (OSError, Problem) as error:
        if not run.path.exists():
            return None
        return str(getattr(error, "strerror", "") or error)
    finally:
        if lock >= 0:
            os.close(lock)
    return "some of its files can't be removed" if out_of_sight.exists() else ""
