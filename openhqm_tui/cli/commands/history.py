"""`openhqm-tui history` and `history reindex`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from openhqm_tui.cli.parser import Parser, add_list_format

if TYPE_CHECKING:
    from openhqm_tui.domain.history.trends import Series

HELP = "show build times and sizes of images across runs"

SCHEMA = 1
_WIDTH = 24


def add_arguments(parser: Parser) -> None:
    """Add the list formats and `reindex`."""
    parser.description = "Show times, sizes and cache hits of each image across runs."
    add_list_format(parser)
    reindex = parser.add_commands("history_command").add_parser(
        "reindex",
        help="rebuild the history from all run folders",
        description="Rebuild the history from all run folders. Runs whose folders were deleted "
        "are kept. Missing runs are added and a corrupt history is replaced automatically, so "
        "this is needed only if recorded figures are wrong.",
        epilog="exit codes: 0 all runs were read, 1 some runs couldn't be read",
    )
    reindex.set_defaults(run=run_reindex)


def run_reindex(parsed: argparse.Namespace) -> int:
    """Rebuild the history and return 0, or 1 if a run can't be read; raises Problem."""
    from openhqm_tui.domain.formatting import count_text
    from openhqm_tui.domain.text import plain
    from openhqm_tui.run.follow.history_index import index_missing
    from openhqm_tui.store.history.database import history_file
    from openhqm_tui.store.paths import ready_state_folder

    del parsed
    state = ready_state_folder()
    indexed = index_missing(state, anew=True, say=_notify)
    for name, reason in indexed.unread:
        _notify(f"{name} can't be read: {plain(reason)}")
    runs = count_text(indexed.read, "run")
    sys.stdout.write(f"indexed {runs} in {history_file(state)}\n")
    return 1 if indexed.unread else 0


def run(parsed: argparse.Namespace) -> int:
    """Print a line per image and return 0; raises Problem if the history can't be read."""
    import msgspec

    from openhqm_tui.cli.output.summary import aligned
    from openhqm_tui.domain.formatting import count_text
    from openhqm_tui.domain.history.trends import trends
    from openhqm_tui.run.follow.history_index import index_missing
    from openhqm_tui.store.history.database import History
    from openhqm_tui.store.paths import ready_state_folder

    state = ready_state_folder()
    index_missing(state, say=_notify)
    with History(state) as history:
        runs = history.runs()
    if not runs:
        _notify("there are no runs yet; start one with `openhqm-tui build`")
        return 0
    found = trends(runs, runs[0])
    if parsed.format == "json":
        for series in found:
            record = {"schema": SCHEMA, **_record(series)}
            sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
        return 0
    passed = sum(run.status == "passed" for run in runs)
    heading = ("image", "runs", "last", "median", "times", "size", "cached", "sizes")
    rows = [heading, *(_cells(series) for series in found)]
    recorded = f"{count_text(len(runs), 'run')} recorded, {passed} passed"
    sys.stdout.write(
        f"{recorded}; the table lists images built from the source of the latest run\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in aligned(rows))
    return 0


def _cells(series: Series) -> tuple[str, ...]:
    from openhqm_tui.domain.formatting import duration_text, percent_text, size_text
    from openhqm_tui.domain.history.trends import sparkline
    from openhqm_tui.domain.text import one_line

    last = series.points[-1]
    hit = series.hit
    return (
        one_line(f"{series.variant} {series.platform}", 60),
        str(len(series.points)),
        duration_text(last.seconds),
        duration_text(series.usual),
        sparkline(series.seconds, _WIDTH),
        size_text(last.size or None),
        percent_text(hit),
        sparkline(series.sizes, _WIDTH),
    )


def _record(series: Series) -> dict[str, Any]:
    return {
        "variant": series.variant,
        "platform": series.platform,
        "usual_seconds": series.usual,
        "hit_rate": series.hit,
        "points": series.points,
    }


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
