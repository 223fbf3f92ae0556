"""Opening the console, which `openhqm-tui` without a command does."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player


def run(parsed: argparse.Namespace) -> int:
    """Open the console; raises UsageProblem, with the alternative, if there is no terminal."""
    if not has_terminal():
        raise UsageProblem(
            "the console needs a terminal", fix="use `openhqm-tui build --format plain` instead"
        )
    from openhqm_tui.store.paths import state_folder

    # Reports an unusable folder in one line, before the console's threads run into it.
    state_folder()
    return _open(watch_only=parsed.watch_only)


def open_on_replay(player: Player) -> int:
    """Open the console on the replay of a recorded run and return its exit code."""
    return _open(player)


def has_terminal() -> bool:
    """Return whether a terminal can show the console, or a browser serves as one."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _open(player: Player | None = None, *, watch_only: bool = False) -> int:
    from pathlib import Path

    from openhqm_tui.store.settings import read_settings

    settings = read_settings(Path.cwd())
    from openhqm_tui.tui.core import garbage

    garbage.pause()
    from openhqm_tui.tui.launch import open_console

    return open_console(settings, player=player, watch_only=watch_only)
