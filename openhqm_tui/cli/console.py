"""`openhqm-tui` without a command: the console."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.store.settings import read_settings


def run(parsed: argparse.Namespace) -> int:  # noqa: ARG001 - every command has this shape
    """Open the console; it needs a terminal, and says what to use where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageProblem(
            "the console needs a terminal", fix="use `openhqm-tui build --format plain` here"
        )
    settings = read_settings(Path.cwd())
    from openhqm_tui.tui.app import open_console

    return open_console(settings)
