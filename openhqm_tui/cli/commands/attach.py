"""`openhqm-tui attach [RUN]`."""

from __future__ import annotations

import argparse

from openhqm_tui.cli.parser import Parser, add_format, add_run

HELP = "follow a run from the beginning"


def add_arguments(parser: Parser) -> None:
    """Add the run and the output formats."""
    parser.description = (
        "Show a run, in progress or finished, from the beginning, with the same output as `build`. "
        "Ctrl-C stops watching; the run continues."
    )
    parser.epilog = (
        "exit codes: 0 the run passed, 1 it failed, is not verified or was interrupted, 130 it was "
        "cancelled or Ctrl-C was pressed"
    )
    add_run(parser)
    add_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """Show the run and return the exit code of `build`; 130 if watching was stopped."""
    from openhqm_tui.cli.output.follow import show_and_leave
    from openhqm_tui.cli.run_lookup import run_named
    from openhqm_tui.run.follow.follower import Follower

    follower = Follower(run_named(parsed.run_name))
    return show_and_leave(follower, parsed.format, verbose=parsed.verbose)
