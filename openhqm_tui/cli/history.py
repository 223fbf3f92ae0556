"""`openhqm-tui history`: how the images went from run to run, and reading the runs in anew."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import msgspec

from openhqm_tui.cli.summary import aligned, clock, megabytes
from openhqm_tui.domain.plain_text import one_line, plain
from openhqm_tui.domain.record import RunRecord
from openhqm_tui.domain.trend import Series, sparkline, trends
from openhqm_tui.run.remembering import index_missing
from openhqm_tui.store.history import History, history_file
from openhqm_tui.store.places import ready_state_folder

SCHEMA = 1
_WIDTH = 24


def run(parsed: argparse.Namespace) -> int:
    """Do what was asked; 0, or 1 where a run can't be read. Raises Problem."""
    return _reindex() if parsed.history_command == "reindex" else _trends(parsed)


def _reindex() -> int:
    state = ready_state_folder()
    indexed = index_missing(state, anew=True, say=_say)
    for name, reason in indexed.unread:
        _say(f"{name} can't be read: {plain(reason)}")
    runs = f"{indexed.read} run{'' if indexed.read == 1 else 's'}"
    sys.stdout.write(f"{runs} read into {history_file(state)}\n")
    return 1 if indexed.unread else 0


def _trends(parsed: argparse.Namespace) -> int:
    state = ready_state_folder()
    index_missing(state, say=_say)
    with History(state) as history:
        runs = history.runs()
    if not runs:
        _say("there is no run yet; start one with `openhqm-tui build`")
        return 0
    found = trends(runs, runs[0])
    if parsed.format == "json":
        for series in found:
            sys.stdout.write(msgspec.json.encode({"schema": SCHEMA, **_told(series)}).decode())
            sys.stdout.write("\n")
        return 0
    heading = ("image", "runs", "last", "usual", "time", "size", "cached", "sizes")
    rows = [heading, *(_cells(series) for series in found)]
    sys.stdout.writelines(f"{line}\n" for line in [_whole(runs), *aligned(rows)])
    return 0


def _whole(runs: list[RunRecord]) -> str:
    passed = sum(run.status == "passed" for run in runs)
    return f"{len(runs)} runs remembered, {passed} passed; images of what the latest was built from"


def _cells(series: Series) -> tuple[str, ...]:
    last = series.points[-1]
    hit = series.hit
    return (
        one_line(f"{series.variant} {series.platform}", 60),
        str(len(series.points)),
        clock(last.seconds),
        clock(series.usual),
        sparkline(series.seconds, _WIDTH),
        megabytes(last.size),
        f"{hit:.0%}" if hit is not None else "–",
        sparkline(series.sizes, _WIDTH),
    )


def _told(series: Series) -> dict[str, Any]:
    return {
        "variant": series.variant,
        "platform": series.platform,
        "usual_seconds": series.usual,
        "hit_rate": series.hit,
        "points": series.points,
    }


def _say(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
