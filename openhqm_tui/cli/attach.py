"""`openhqm-tui attach [RUN]`: a run from its first line, live or over."""

from __future__ import annotations

import argparse

from openhqm_tui.cli.following import show_and_leave
from openhqm_tui.cli.which_run import run_named
from openhqm_tui.run.follow import Follower


def run(parsed: argparse.Namespace) -> int:
    """Show the run and return what `build` would have; 130 where the watching was stopped."""
    folder = run_named(parsed.run_name)
    return show_and_leave(Follower(folder), parsed.format, verbose=parsed.verbose)
