"""What works everywhere, and in a dialog."""

from __future__ import annotations

from textual.command import CommandPalette
from textual.screen import ModalScreen

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.dialogs import HelpDialog
from tests.tui.cases import Case


def _at(place: str) -> Case:
    return Case(
        lambda app: app.place is not None and place == app.place.PLACE,
        ("2",) if place == "plan" else ("1",),
    )


def _palette_of_themes(app: ConsoleApp) -> bool:
    palette = app.screen
    return isinstance(palette, CommandPalette) and "theme" in str(
        palette.query_one("CommandInput").placeholder  # type: ignore[attr-defined]
    )


CASES = {
    "go.plan": _at("plan"),
    "go.run": _at("run"),
    "go.checks": _at("checks"),
    "go.history": _at("history"),
    "go.doctor": _at("doctor"),
    "help": Case(lambda app: isinstance(app.screen, HelpDialog)),
    "theme.switch": Case(lambda app: app.theme == "openhqm-light"),
    "theme.choose": Case(_palette_of_themes),
    "quit": Case(lambda app: app.return_code == 0 and app._exit),
    "palette": Case(lambda app: isinstance(app.screen, CommandPalette)),
    "dialog.close": Case(lambda app: not isinstance(app.screen, ModalScreen), ("question_mark",)),
}
