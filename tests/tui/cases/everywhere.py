"""Commands that work on every screen, and in a dialog."""

from __future__ import annotations

from textual.command import CommandPalette
from textual.screen import ModalScreen

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.dialogs import HelpDialog
from tests.tui.cases import Case


def _at(place: str, *way: str) -> Case:
    return Case(lambda app: app.place is not None and place == app.place.PLACE, way)


def _palette_of_themes(app: ConsoleApp) -> bool:
    palette = app.screen
    return isinstance(palette, CommandPalette) and "theme" in str(
        palette.query_one("CommandInput").placeholder  # type: ignore[attr-defined]
    )


CASES = {
    "go.plan": _at("plan", "2"),
    "go.run": _at("run"),
    "go.checks": _at("checks"),
    "go.history": _at("history"),
    "go.doctor": _at("doctor"),
    "help": Case(lambda app: isinstance(app.screen, HelpDialog)),
    "dialog.close": Case(lambda app: not isinstance(app.screen, ModalScreen)),
    "theme.choose": Case(_palette_of_themes),
    "palette": Case(lambda app: isinstance(app.screen, CommandPalette), ("escape",)),
    "theme.switch": Case(lambda app: app.theme == "openhqm-light", ("escape",)),
    "quit": Case(lambda app: app.return_code == 0 and app._exit),
}
