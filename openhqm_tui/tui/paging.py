"""A file in the person's pager: the console steps aside meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from openhqm_tui.domain.problems import Problem
from openhqm_tui.tui.words import path_words

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


def page_file(app: ConsoleApp, file: Path, *, passing: bool) -> None:
    """Show a file until the pager is left; where there can't be one, say where the file is.

    A `passing` file is alone in its folder, and goes with it once it is read.
    """
    try:
        with app.suspend():
            app.services.page(file)
    except SuspendNotSupported:
        app.notify(f"no pager here; the log is in {path_words(file)}", markup=False, timeout=10)
        return
    except Problem as problem:
        words = f"{problem}; the log is in {path_words(file)}"
        app.notify(words, severity="error", markup=False, timeout=10)
        return
    if passing:
        shutil.rmtree(file.parent, ignore_errors=True)
