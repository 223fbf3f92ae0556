"""`openhqm-tui cancel [RUN] [TARGET…]`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.parser import Parser, add_run
from openhqm_tui.domain.errors import Problem, UsageProblem

HELP = "cancel a run, or some of its targets"


def add_arguments(parser: Parser) -> None:
    """Add the run and its targets."""
    parser.description = (
        "Cancel a run in progress, or only the given targets. Finished images are kept."
    )
    add_run(parser, "the latest run in progress")
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="default: all unfinished targets"
    )
    parser.rest_in = "targets"


def run(parsed: argparse.Namespace) -> int:
    """Send the request and return 0; raises Problem if there is nothing to cancel."""
    from openhqm_tui.cli.run_lookup import latest_of, run_and_targets, word_of
    from openhqm_tui.domain.run.decisions import status_text
    from openhqm_tui.run.follow.follower import state_now
    from openhqm_tui.run.requests import send_request
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.run_folder import Request, all_runs

    live = latest_of(run for run in all_runs(state_folder()) if run.is_live())
    if live.skipped and parsed.run_name is None:
        # The unreadable run may be the intended one: don't cancel a different run.
        raise UsageProblem(live.skipped[0].what, fix="name the run to cancel")
    folder, named = run_and_targets(parsed, live)
    if folder is None:
        raise Problem("no run is in progress: nothing to cancel", fix="see `openhqm-tui runs`")
    name = folder.path.name
    state = state_now(folder)
    if state.interrupted:
        send_request(folder, Request("cancel"))
        sys.stdout.write(
            f"run {name} was interrupted: any processes it left running were stopped\n"
        )
        return 0
    if not state.in_progress:
        raise Problem(f"run {name} has finished ({word_of(state)}): nothing to cancel")
    targets = [target for target in named if not state.targets[target].status.is_over]
    if named and not targets:
        finished = ", ".join(
            f"{target} ({status_text(state.targets[target]).word})" for target in named
        )
        have = "has" if len(named) == 1 else "have"
        raise Problem(
            f"{finished} {have} already finished: nothing to cancel",
            fix=f"cancel the whole run with `openhqm-tui cancel {name}`",
        )
    send_request(folder, *(Request("cancel", target) for target in targets or [""]))
    what = ", ".join(targets) or "all unfinished targets"
    sys.stdout.write(f"cancelling {what}; follow the run with `openhqm-tui attach {name}`\n")
    return 0
