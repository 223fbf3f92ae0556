"""The view of the Run screen that was chosen last."""

from __future__ import annotations

import contextlib
from pathlib import Path

from openhqm_tui.files.confined import read_inside
from openhqm_tui.files.replace import replace_file

BOARD = "board"
VIEWS = (BOARD, "panes", "steps")
_FILE = "run-view"


def run_view(state: Path) -> str:
    """Return the chosen view; by default, or if it can't be read, the board."""
    try:
        view = read_inside(state, _FILE, 32, links=False).decode("utf-8", "replace").strip()
    except OSError:
        return BOARD
    return view if view in VIEWS else BOARD


def remember_run_view(state: Path, view: str) -> None:
    """Keep the chosen view; if it can't be written, the next console starts with the last one."""
    with contextlib.suppress(OSError):
        replace_file(state / _FILE, f"{view}\n".encode())
