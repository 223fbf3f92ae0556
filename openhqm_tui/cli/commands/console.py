"""`openhqm-tui` without a command: the console."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.settings import read_settings

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player


def run(parsed: argparse.Namespace) -> int:
    """Open the console; it needs a terminal, and says what to use where there is none."""
    if not has_terminal():
        raise UsageProblem(
            "the console needs a terminal", fix="use `openhqm-tui build --format plain` here"
        )
    settings = read_settings(Path.cwd())
    # Refused here, in one line, and not in a thread of the console.
    state_folder()
    from openhqm_tui.tui.core import garbage

    garbage.pause()
    from openhqm_tui.tui.launch import open_console

    return open_console(settings, watch_only=parsed.watch_only)


def open_on_replay(player: Player) -> int:
    """Open the console on a recorded run that is played; return its exit code."""
    settings = read_settings(Path.cwd())
    from openhqm_tui.tui.core import garbage

    garbage.pause()
    from openhqm_tui.tui.launch import open_console

    return open_console(settings, player=player)


def has_terminal() -> bool:
    """Tell whether there is a terminal that can show the console, or a browser in its place."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
