"""A target's whole log in the person's pager: the console steps aside meanwhile."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.state import TargetState
from openhqm_tui.run.text_log import whole_log
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.words import path_words

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


async def page_log(app: ConsoleApp, folder: RunFolder, target: TargetState) -> None:
    """Show what a target has said so far until the pager is left; say where there can't be one."""
    try:
        file, passing = await asyncio.to_thread(whole_log, folder, target)
    except OSError as error:
        words = f"the log can't be written ({error.strerror})"
        app.notify(words, severity="error", markup=False)
        return
    problem = _show(app, file)
    if problem:
        words = f"{problem}; the log is in {path_words(file)}"
        app.notify(words, severity="warning", markup=False, timeout=10)
    elif passing:
        await asyncio.to_thread(shutil.rmtree, file.parent, ignore_errors=True)


def _show(app: ConsoleApp, file: Path) -> str:
    """Give the terminal to the pager until it is left; return why that can't be, if it can't."""
    try:
        with app.suspend():
            app.services.page(file)
    except SuspendNotSupported:
        return "a browser has no pager" if app.is_web else "no pager here"
    except Problem as problem:
        return str(problem)
    return ""
