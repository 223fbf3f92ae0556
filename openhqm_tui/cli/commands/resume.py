"""`openhqm-tui resume [RUN]`."""

from __future__ import annotations

import argparse

from openhqm_tui.cli.commands.retry import add_following, send_and_follow
from openhqm_tui.cli.parser import Parser, add_run
from openhqm_tui.domain.errors import Problem

HELP = "continue an interrupted or cancelled run"


def add_arguments(parser: Parser) -> None:
    """Add the run, and how it is followed."""
    parser.description = (
        "Build the unfinished targets of an interrupted or cancelled run as part of the same run, "
        "and follow its progress."
    )
    add_run(parser)
    add_following(parser)


def run(parsed: argparse.Namespace) -> int:
    """Continue the run; return the exit code of `build`, or 0 with --detach."""
    from openhqm_tui.cli.run_lookup import run_named, word_of
    from openhqm_tui.domain.run.decisions import can_resume, to_retry
    from openhqm_tui.run.follow.follower import state_now
    from openhqm_tui.store.run_folder import Request

    folder = run_named(parsed.run_name)
    name = folder.path.name
    state = state_now(folder)
    if state.in_progress:
        raise Problem(
            f"run {name} is in progress: nothing to resume",
            fix=f"follow the run with `openhqm-tui attach {name}`",
        )
    if not can_resume(state):
        again = f"`openhqm-tui retry {name}` rebuilds targets that failed or aren't verified"
        raise Problem(
            f"run {name} has finished ({word_of(state)}): nothing to resume",
            fix=again if to_retry(state) else "",
        )
    return send_and_follow(
        parsed, folder, state, [Request("resume")], "continuing the unfinished targets"
    )
