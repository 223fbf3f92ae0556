"""`openhqm-tui history` and `openhqm-tui compare`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import msgspec

from openhqm_tui.cli.output.summary import aligned, clock, megabytes
from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.history.comparison import before, compare, lines_of
from openhqm_tui.domain.history.record import RunRecord
from openhqm_tui.domain.history.trends import Series, sparkline, trends
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.run.follow.history_index import index_missing
from openhqm_tui.store.history.database import History, history_file
from openhqm_tui.store.paths import ready_state_folder

SCHEMA = 1
_WIDTH = 24


def run_history(parsed: argparse.Namespace) -> int:
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


COMPARISON_SCHEMA = 1


def run_compare(parsed: argparse.Namespace) -> int:
    """Print it; 0 whatever differs. Raises Problem where the history can't be used."""
    state = ready_state_folder()
    index_missing(state, say=_print_comparison)
    with History(state) as history:
        runs = history.runs()
        names = [parsed.one, parsed.other] if parsed.other else [parsed.one]
        found = [_find(runs, name) for name in names]
        if len(found) == 1:
            earlier = before(found[0], runs)
            if earlier is None:
                raise UsageProblem(
                    f"no earlier run built anything that {found[0].id} built",
                    fix="name the run to compare it with",
                )
            found.insert(0, earlier)
        one, other = (history.run(record.id) or record for record in found)
    told = compare(one, other)
    if parsed.format == "json":
        answer = {"schema": COMPARISON_SCHEMA, **msgspec.to_builtins(told)}
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return 0
    for line in lines_of(told):
        sys.stdout.write(f"{line.mark} {line.text}\n" if line.mark else f"\n{line.text}\n")
    return 0


def _find(runs: list[RunRecord], name: str | None) -> RunRecord:
    """Return the run of that name, or of a name that begins so; the latest without one."""
    found = [run for run in runs if name is None or run.id.startswith(name)]
    if not found:
        names = [run.id for run in runs]
        guess = nearest(name or "", names)
        raise UsageProblem(
            f"there is no run '{name}' in the history" if name else "there is no run yet",
            fix=f"did you mean {guess}?" if guess else "see `openhqm-tui runs`",
        )
    exact = [run for run in found if run.id == name]
    if name and not exact and len(found) > 1:
        valid = " ".join(run.id for run in found[:4])
        raise UsageProblem(f"'{name}' begins the name of {len(found)} runs", valid=valid)
    return (exact or found)[0]


def _print_comparison(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
