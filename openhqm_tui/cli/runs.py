"""`openhqm-tui runs`: the runs that are there, latest first."""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import time
from collections.abc import Sequence

import msgspec

from openhqm_tui.cli.summary import aligned, clock, megabytes
from openhqm_tui.cli.which_run import word_of
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.problems import Problem
from openhqm_tui.run.standing import state_now
from openhqm_tui.store.places import state_folder
from openhqm_tui.store.retention import size_of
from openhqm_tui.store.run_folder import RunFolder, all_runs

# A mark and a word each: nothing is told by colour only.
_MARKS = {
    "going on": "▸",
    "passed": "✓",
    "failed": "✗",
    "cancelled": "−",
    "interrupted": "↯",
    "unreadable": "?",
}
_GAP = 2
# What is left out where there is no room, the first first.
_EXPENDABLE = ("size", "took", "when")
# Narrower than this a list of targets says nothing.
_LEAST_WHAT = 12


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `created` in seconds since the epoch, `seconds` of execution, `size` in bytes.

    `problem` is why it can't be read, where it can't.
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


def run(parsed: argparse.Namespace) -> int:
    """List the runs, a line each; 0 also where there is none."""
    rows = (_row(folder) for folder in itertools.islice(all_runs(state_folder()), parsed.limit))
    if parsed.format == "json":
        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return 0
    found = list(rows)
    if not found:
        sys.stderr.write("openhqm-tui: there is no run yet; start one with `openhqm-tui build`\n")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sys.stdout.writelines(f"{line}\n" for line in table(found, time.time(), width))
    return 0


def table(rows: Sequence[Row], now: float, width: int | None) -> list[str]:
    """Return the list as lines of no more than `width` characters, None: of any length."""
    columns = {
        "run": [row.run for row in rows],
        "when": [ago(now - row.created) if row.created else "–" for row in rows],
        "state": [f"{_MARKS[row.state]} {row.state}" for row in rows],
        "took": [clock(row.seconds) for row in rows],
        "size": [on_disk(row.size) for row in rows],
    }
    room = None
    if width is not None:
        widths = {name: max(map(len, [name, *told])) + _GAP for name, told in columns.items()}
        for name in _EXPENDABLE:
            if width - sum(widths[left] for left in columns) >= _LEAST_WHAT:
                break
            del columns[name]
        room = max(1, width - sum(widths[left] for left in columns))
    columns["what"] = [
        one_line(row.problem, room or 500) if row.problem else what_of(row, room) for row in rows
    ]
    lines = aligned([tuple(columns), *zip(*columns.values(), strict=True)])
    return [line if width is None else _cut(line, width) for line in lines]


def on_disk(size: int) -> str:
    """Return a size in MB (10^6 bytes), a small one in kB."""
    return megabytes(size) if size >= 100_000 else f"{size / 1000:.0f} kB"


def ago(seconds: float) -> str:
    """Return how long something is past, in a unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def what_of(row: Row, room: int | None) -> str:
    """Return targets × platforms in `room` characters; what doesn't fit is counted."""
    names = [one_line(name) for name in row.targets]
    short = [one_line(name).removeprefix("linux/") for name in row.platforms]
    for platforms in (" ".join(short), str(len(short))):
        for shown in range(len(names), 0, -1):
            more = f" +{len(names) - shown}" if shown < len(names) else ""
            what = f"{' '.join(names[:shown])}{more} × {platforms}"
            # Names tell more than platforms, so no name is left out for a platform's.
            if room is None or len(what) <= room:
                return what
            if platforms != str(len(short)):
                break
    return f"{len(names)} × {len(short)}"


def _row(folder: RunFolder) -> Row:
    name, path = folder.path.name, str(folder.path)
    size = size_of(folder.path)
    try:
        state = state_now(folder)
    except Problem as problem:
        return Row(run=name, folder=path, state="unreadable", size=size, problem=problem.what)
    targets = state.info.targets
    return Row(
        run=name,
        folder=path,
        state=word_of(state),
        live=state.goes_on,
        created=state.info.created,
        seconds=state.elapsed(time.time()),
        size=size,
        targets=tuple(target.name for target in targets),
        platforms=tuple(dict.fromkeys(p for target in targets for p in target.platforms)),
    )


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
