"""`openhqm-tui cancel [RUN] [TARGET…]`: stop a run that goes on, or targets of it."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.which_run import latest_of, run_and_targets, word_of
from openhqm_tui.domain.lane_words import WORDS
from openhqm_tui.domain.problems import Problem, UsageProblem
from openhqm_tui.run.again import ask
from openhqm_tui.run.standing import state_now
from openhqm_tui.store.places import state_folder
from openhqm_tui.store.run_folder import Request, all_runs


def run(parsed: argparse.Namespace) -> int:
    """Return 0 when the runner has heard; raises Problem where nothing can be stopped."""
    live = latest_of(run for run in all_runs(state_folder()) if run.is_live())
    if live.skipped and parsed.run_name is None:
        # It may be the one that was meant: nothing else is stopped in its place.
        raise UsageProblem(live.skipped[0].what, fix="name the run to cancel")
    folder, named = run_and_targets(parsed, live)
    if folder is None:
        raise Problem("no run goes on: there is nothing to cancel", fix="see `openhqm-tui runs`")
    name = folder.path.name
    state = state_now(folder)
    if state.interrupted:
        ask(folder, Request("cancel"))
        sys.stdout.write(f"run {name} was interrupted: what it left running is ended\n")
        return 0
    if not state.goes_on:
        raise Problem(f"run {name} is over ({word_of(state)}): there is nothing to cancel")
    targets = [target for target in named if not state.targets[target].status.is_over]
    if named and not targets:
        over = ", ".join(f"{target} is {WORDS[state.targets[target].status]}" for target in named)
        raise Problem(f"{over}: there is nothing to cancel", fix=f"run {name} goes on")
    ask(folder, *(Request("cancel", target) for target in targets or [""]))
    what = ", ".join(targets) or "the run"
    sys.stdout.write(f"cancelling {what}; follow it with `openhqm-tui attach {name}`\n")
    return 0
