"""`openhqm-tui compare`: what differs between two runs."""

from __future__ import annotations

import argparse
import sys

import msgspec

from openhqm_tui.domain.comparison import before, compare
from openhqm_tui.domain.comparison_words import lines_of
from openhqm_tui.domain.problems import UsageProblem, nearest
from openhqm_tui.domain.record import RunRecord
from openhqm_tui.run.remembering import index_missing
from openhqm_tui.store.history import History
from openhqm_tui.store.places import ready_state_folder

SCHEMA = 1


def run(parsed: argparse.Namespace) -> int:
    """Print it; 0 whatever differs. Raises Problem where the history can't be used."""
    state = ready_state_folder()
    index_missing(state, say=_say)
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
        answer = {"schema": SCHEMA, **msgspec.to_builtins(told)}
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


def _say(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
