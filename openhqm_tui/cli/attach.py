"""`openhqm-tui attach [RUN]`: a run from its first line, live or over."""

from __future__ import annotations

import argparse

from openhqm_tui.cli.following import show_and_leave
from openhqm_tui.run.follow import Follower
from openhqm_tui.store.places import state_folder
from openhqm_tui.store.run_folder import find_run


def run(parsed: argparse.Namespace) -> int:
    """Show the run and return what `build` would have; 130 where the watching was stopped."""
    folder = find_run(state_folder(), parsed.run_name)
    return show_and_leave(Follower(folder), parsed.format, verbose=parsed.verbose)
