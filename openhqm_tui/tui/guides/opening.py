"""Opening the guides over a place; what draws Markdown is loaded only then."""

from __future__ import annotations

from textual.app import App

from openhqm_tui.domain.problems import Problem
from openhqm_tui.store.guides import guides


def open_guides(app: App[int], name: str = "", address: str = "") -> None:
    """Show the guides, at a section of one if named; over a dialog nothing is opened."""
    if len(app.screen_stack) > 1:
        return
    from openhqm_tui.tui.screens.guides import GuidesScreen

    try:
        found = guides()
    except Problem as problem:
        app.notify(str(problem), severity="error", markup=False)
        return
    if not found:
        app.notify("no guide came with this package", severity="error", markup=False)
        return
    app.push_screen(GuidesScreen(found, name, address))
