"""`openhqm-tui compare [RUN [RUN]]`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, add_list_format
from openhqm_tui.domain.errors import UsageProblem, nearest

if TYPE_CHECKING:
    from openhqm_tui.domain.history.record import RunRecord

HELP = "compare two runs"

SCHEMA = 1


def add_arguments(parser: Parser) -> None:
    """Add the two runs and the list formats."""
    parser.description = (
        "Show what got slower, grew or started failing between two runs, and which step, layer or "
        "package caused it. Runs whose folders were deleted can be compared too."
    )
    parser.epilog = "exit codes: 0 whether or not the runs differ"
    parser.add_argument(
        "one",
        nargs="?",
        metavar="RUN",
        help="a run ID or its first characters (default: the latest run)",
    )
    parser.add_argument(
        "other",
        nargs="?",
        metavar="RUN",
        help="the later run; if omitted, RUN is compared with the previous run of the same images",
    )
    add_list_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """Print the comparison and return 0; raises Problem if the history can't be used."""
    import msgspec

    from openhqm_tui.domain.history.comparison import before, compare, lines_of
    from openhqm_tui.run.follow.history_index import index_missing
    from openhqm_tui.store.history.database import History
    from openhqm_tui.store.paths import ready_state_folder

    state = ready_state_folder()
    index_missing(state, say=_notify)
    with History(state) as history:
        runs = history.runs()
        names = [parsed.one, parsed.other] if parsed.other else [parsed.one]
        found = [_find(runs, name) for name in names]
        if len(found) == 1:
            earlier = before(found[0], runs)
            if earlier is None:
                raise UsageProblem(
                    f"no earlier run built any image of run {found[0].id}",
                    fix="give a second run to compare it with",
                )
            found.insert(0, earlier)
        one, other = (history.run(record.id) or record for record in found)
    comparison = compare(one, other)
    if parsed.format == "json":
        record = {"schema": SCHEMA, **msgspec.to_builtins(comparison)}
        sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
        return 0
    for line in lines_of(comparison):
        sys.stdout.write(f"{line.mark} {line.text}\n" if line.mark else f"\n{line.text}\n")
    return 0


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")


def _find(runs: list[RunRecord], name: str | None) -> RunRecord:
    """Return the run whose ID is or starts with `name`; without a name, the latest run."""
    found = [run for run in runs if name is None or run.id.startswith(name)]
    if not runs:
        raise UsageProblem("there are no runs yet", fix="start one with `openhqm-tui build`")
    if not found:
        guess = nearest(name or "", [run.id for run in runs])
        raise UsageProblem(
            f"there is no run '{name}' in the history",
            fix=f"did you mean {guess}?" if guess else "see `openhqm-tui runs`",
        )
    exact = [run for run in found if run.id == name]
    if name and not exact and len(found) > 1:
        valid = " ".join(run.id for run in found[:4])
        raise UsageProblem(f"'{name}' is ambiguous: {len(found)} runs match", valid=valid)
    return (exact or found)[0]
