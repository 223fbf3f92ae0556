"""The view of the Run screen that was chosen last."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

BOARD = "board"
VIEWS = (BOARD, "panes", "steps")


def run_view(state: Path) -> str:
    """Return the chosen view; by default, or if it can't be read, the board."""
    try:
        descriptor = os.open(_file(state), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            view = file.read(32).strip()
    except OSError:
        return BOARD
    return view if view in VIEWS else BOARD


def remember_run_view(state: Path, view: str) -> None:
    """Keep the chosen view; if it can't be written, the next console starts with the last one."""
    new = _file(state).with_suffix(".new")
    with contextlib.suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(new, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{view}\n")
        new.replace(_file(state))


def _file(state: Path) -> Path:
    return state / "run-view"
