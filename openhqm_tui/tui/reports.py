"""Reports of runs, written while the console goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from openhqm_tui.domain.problems import Problem
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.words import path_words

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


async def write_report(app: ConsoleApp, run: RunFolder) -> None:
    """Write a run's report and say where it is, or why it isn't."""
    try:
        file = await asyncio.to_thread(app.services.report, run)
    except Problem as problem:
        app.notify(str(problem), severity="error", markup=False)
    else:
        app.notify(f"wrote {path_words(file)}: a browser opens it", markup=False)
