"""The list of runs: one line each, truncated to the width of the terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from openhqm_tui.cli.output.summary import aligned
from openhqm_tui.cli.run_lookup import word_of
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import elapsed_text, size_text
from openhqm_tui.domain.run.status import RUN_TEXTS
from openhqm_tui.domain.text import cut_end, one_line
from openhqm_tui.run.follow.follower import state_now
from openhqm_tui.store.retention import size_of
from openhqm_tui.store.run_folder import RunFolder

_GAP = 2
# Columns to drop in a narrow terminal, in this order.
_EXPENDABLE = ("size", "time", "started")
# The minimum width of the column of targets.
_LEAST_WHAT = 12


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `created` in seconds since the epoch, `seconds` of execution, `size` in bytes.

    `problem` says why the run can't be read; '' if it can.
    """

    run: str
    folder: str
    state: str
    live: bool = False
    created: float = 0.0
    seconds: float = 0.0
    size: int = 0
    targets: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    problem: str = ""


def table(rows: Sequence[RunRow], now: float, width: int | None) -> list[str]:
    """Return the list as lines of at most `width` characters; None for no limit."""
    columns = {
        "run": [row.run for row in rows],
        "started": [ago(now - row.created) if row.created else "–" for row in rows],
        "state": [str(RUN_TEXTS[row.state]) for row in rows],
        "time": [elapsed_text(row.seconds, running=row.live) for row in rows],
        "size": [size_text(row.size) for row in rows],
    }
    room = None
    if width is not None:
        widths = {name: max(map(len, [name, *cells])) + _GAP for name, cells in columns.items()}
        for name in _EXPENDABLE:
            if width - sum(widths[left] for left in columns) >= _LEAST_WHAT:
                break
            del columns[name]
        room = max(1, width - sum(widths[left] for left in columns))
    columns["targets"] = [
        one_line(row.problem, room or 500) if row.problem else what_of(row, room) for row in rows
    ]
    lines = aligned([tuple(columns), *zip(*columns.values(), strict=True)])
    return [line if width is None else cut_end(line, width) for line in lines]


def ago(seconds: float) -> str:
    """Return how long ago something happened, in a suitable unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def what_of(row: RunRow, room: int | None) -> str:
    """Return targets × platforms in at most `room` characters; names that don't fit are counted."""
    names = [one_line(name) for name in row.targets]
    short = [one_line(name).removeprefix("linux/") for name in row.platforms]
    for platforms in (" ".join(short), str(len(short))):
        for shown in range(len(names), 0, -1):
            more = f" +{len(names) - shown}" if shown < len(names) else ""
            what = f"{' '.join(names[:shown])}{more} × {platforms}"
            # Names matter more than platforms: never drop one to make room for a platform.
            if room is None or len(what) <= room:
                return what
            if platforms != str(len(short)):
                break
    return f"{len(names)} × {len(short)}"


def row_of(folder: RunFolder) -> RunRow:
    """Return the row of a run, readable or not."""
    name, path = folder.path.name, str(folder.path)
    size = size_of(folder.path)
    try:
        state = state_now(folder)
    except Problem as problem:
        return RunRow(run=name, folder=path, state="unreadable", size=size, problem=problem.what)
    targets = state.info.targets
    return RunRow(
        run=name,
        folder=path,
        state=word_of(state),
        live=state.in_progress,
        created=state.info.created,
        seconds=state.elapsed(time.time()),
        size=size,
        targets=tuple(target.name for target in targets),
        platforms=tuple(dict.fromkeys(p for target in targets for p in target.platforms)),
    )
