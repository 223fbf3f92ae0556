"""Indexing run folders in the history: when a run ends, and later whatever is missing.

The run folders are authoritative. If the history can't be used, builds continue without it, and
missing runs are added once it works again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from openhqm_tui.domain.errors import Problem, reason_of
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.history.estimate import Sample
from openhqm_tui.domain.history.record import RunRecord, record_of
from openhqm_tui.domain.run.events import RunInfo
from openhqm_tui.domain.secrets.redact import masked
from openhqm_tui.run.follow.follower import read_run, state_now
from openhqm_tui.store.history.database import (
    PATIENCE,
    History,
    HistoryDamaged,
    HistoryProblem,
    RunUnfit,
    history_file,
    set_aside,
)
from openhqm_tui.store.history.rows import Origin
from openhqm_tui.store.run_folder import RunFolder, all_runs

# Seconds that the end of a run waits at most for the history to be writable.
_LOOK = 0.3
# Run folders that are read for a list if the history can't be used.
_MOST_UNREMEMBERED = 200
_GOING_ON = {"waiting", "running", "checking"}
_Found = TypeVar("_Found")


class Indexed(NamedTuple):
    """How many runs were added to the history, and why others weren't: names and reasons."""

    read: int
    unread: list[tuple[str, str]]


class Remembered(NamedTuple):
    """All known runs, latest first, including those whose folders were removed.

    `folders` are the existing folders by name, `live` the runs in progress. `problem` is why the
    history can't be used: `runs` are then only the latest run folders.
    """

    runs: list[RunRecord]
    folders: dict[str, RunFolder]
    live: frozenset[str]
    problem: str = ""


def state_of_run(folder: RunFolder) -> Path:
    """Return the state folder that a run folder is in."""
    return folder.path.parent.parent


def check_readable(state: Path) -> str:
    """Return why the history can't be written now, in one line; '' if it can.

    A damaged history is set aside and rebuilt from the run folders, which is reported too.
    """
    warnings: list[str] = []
    try:
        _with_history(state, History.could_write, warnings.append, patience=_LOOK)
    except HistoryProblem as problem:
        return f"{problem}; the run continues and will be added to the history later"
    return " ".join(warnings)


def remember(folder: RunFolder) -> str:
    """Add a finished run to the history; return '' or why that failed. Blocks."""
    state = state_of_run(folder)
    try:
        return _with_history(state, lambda history: _index(history, folder), lambda _: None)
    except HistoryProblem as problem:
        return str(problem)


def index_missing(
    state: Path, *, anew: bool = False, say: Callable[[str], None] = lambda _: None
) -> Indexed:
    """Add all finished runs that are missing from the history, or are older in it. Blocks.

    With `anew` all are read again; `say` gets messages about the history. Raises HistoryProblem.
    """
    return _with_history(state, lambda history: _index_all(history, state, anew=anew), say)


def remembered(state: Path, limit: int = 1000) -> Remembered:
    """Return the latest runs, after adding missing ones to the history. Blocks."""
    folders = {folder.path.name: folder for folder in all_runs(state)}
    live: dict[str, RunRecord] = {}
    for name, folder in folders.items():
        if folder.is_live() and (record := _standing(folder)) is not None:
            live[name] = record
    problem = ""

    def listed(history: History) -> list[RunRecord]:
        _index_all(history, state, anew=False)
        return history.runs(limit)

    try:
        runs = _with_history(state, listed, lambda _: None)
    except HistoryProblem as trouble:
        problem = str(trouble)
        runs = []
        for folder in list(folders.values())[:_MOST_UNREMEMBERED]:
            if (record := _standing(folder)) is not None:
                runs.append(record)
    known = [live.pop(run.id, run) for run in runs]
    known += live.values()
    known.sort(key=lambda run: (run.created, run.id), reverse=True)
    going = frozenset(run.id for run in known if run.status in _GOING_ON)
    return Remembered(known, folders, going, problem)


def samples_for(state: Path, place: Origin, variants: Collection[str]) -> list[Sample]:
    """Return earlier builds of the same source; none if the history can't be used. Blocks."""
    if not history_file(state).exists():
        return []
    place = place._replace(context=masked(place.context), dockerfile=masked(place.dockerfile))
    try:
        with History(state) as history:
            return history.samples(place, variants)
    except HistoryProblem:
        return []


def samples_before(state: Path, info: RunInfo) -> list[Sample]:
    """Return earlier builds of a run's targets, from before it started. Blocks."""
    place = Origin(info.source, info.context, info.dockerfile, info.host)
    variants = {target.variant for target in info.targets}
    return [sample for sample in samples_for(state, place, variants) if sample.at < info.created]


def whole_run(state: Path, name: str) -> RunRecord:
    """Return the history's record of a run. Blocks; raises Problem."""
    with History(state) as history:
        found = history.run(name)
    if found is None:
        raise HistoryProblem(f"run {name} is not in the history yet")
    return found


def record_folder(folder: RunFolder) -> RunRecord | None:
    """Read a finished run from its folder; returns None while it is running. Blocks.

    Raises Problem where it can't be read.
    """
    state = read_run(folder)
    if state.in_progress:
        return None
    record = record_of(
        state,
        mask=state.mask,
        packages=lambda target, platform: _packages(folder, target, platform),
        imported=folder.is_imported,
    )
    # Runs are found by the folder's name; an imported one may have another id.
    return msgspec.structs.replace(record, id=folder.path.name)


def _index(history: History, folder: RunFolder) -> str:
    try:
        # Read first: if the file grows meanwhile, the run is indexed again.
        size = folder.events_file.stat().st_size
        record = record_folder(folder)
    except (Problem, OSError) as error:
        return reason_of(error)
    if record is None:
        return "the run is in progress"
    try:
        history.put(record, size)
    except RunUnfit as problem:
        return str(problem)
    return ""


def _index_all(history: History, state: Path, *, anew: bool) -> Indexed:
    known: Mapping[str, int] = {} if anew else history.sizes()
    read, unread = 0, []
    for folder in all_runs(state):
        with contextlib.suppress(OSError):
            if known.get(folder.path.name) == folder.events_file.stat().st_size:
                continue
        if folder.is_live():
            continue
        reason = _index(history, folder)
        read += not reason
        if reason:
            unread.append((folder.path.name, reason))
    return Indexed(read, unread)


def _with_history(
    state: Path,
    work: Callable[[History], _Found],
    say: Callable[[str], None],
    *,
    patience: float = PATIENCE,
) -> _Found:
    """Run an operation on the history; a damaged one is set aside and rebuilt first."""
    try:
        with History(state, patience=patience) as history:
            return work(history)
    except HistoryDamaged as damage:
        aside = set_aside(state, damage)
        with History(state) as history:
            _index_all(history, state, anew=False)
            if aside is not None:
                saved = _save(history, aside)
                runs = f" ({count_text(saved, 'more run')} recovered from the old file)"
                say(
                    f"{damage.what}; the file was renamed to {aside.name}, and the history was "
                    f"rebuilt from the run folders{runs if saved else ''}"
                )
            return work(history)


def _save(history: History, aside: Path) -> int:
    """Copy the readable records of a damaged history whose run folders are gone."""
    saved = 0
    with contextlib.suppress(HistoryProblem), History(aside.parent, path=aside) as damaged:
        here = history.sizes()
        for name, size in damaged.sizes().items():
            with contextlib.suppress(HistoryProblem):
                if name not in here and (record := damaged.run(name)) is not None:
                    history.put(record, size)
                    saved += 1
    return saved


def _standing(folder: RunFolder) -> RunRecord | None:
    """Return the state of a run from its events alone."""
    try:
        state = state_now(folder)
    except (Problem, OSError):
        return None
    record = record_of(state, imported=folder.is_imported)
    return msgspec.structs.replace(record, id=folder.path.name)


def _packages(folder: RunFolder, target: str, platform: str) -> dict[str, str]:
    """Return the versions found in a lane's image, by distribution; {} if there are none."""
    try:
        told = msgspec.json.decode(folder.read(folder.evidence_file(target, platform)))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    probe = told.get("probe") if isinstance(told, dict) else None
    return dict(_versions(probe)) if isinstance(probe, dict) else {}


def _versions(probe: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    packages = probe.get("packages")
    if isinstance(packages, dict):
        yield from ((str(name), str(version)) for name, version in packages.items())
    clients = probe.get("clients")
    for client in clients if isinstance(clients, list) else ():
        if isinstance(client, dict) and client.get("version"):
            yield str(client.get("distribution")), str(client["version"])
    if probe.get("python"):
        yield "python", str(probe["python"])
