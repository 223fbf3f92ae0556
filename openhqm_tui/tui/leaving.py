"""Leaving the console: what becomes of a live run or of a fix half-way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.screens.dialogs import Ask

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


class Leave(Ask):
    """Asks what becomes of what goes on; whoever wants to leave twice leaves it as it is."""

    CSS_PATH = "screens/dialogs.tcss"
    BINDINGS = [("q", "leave")]  # noqa: RUF012

    def action_leave(self) -> None:
        """Leave by the first answer."""
        self.dismiss("leave")


def leave(app: ConsoleApp) -> None:
    """Leave at once where nothing goes on; else ask first, once."""
    if isinstance(app.screen, Leave):
        app.screen.action_leave()
    elif (not app.run_is_live or app.replays.player) and app.mending is None:
        app.exit(0)
    elif len(app.screen_stack) == 1:
        app.push_screen(_question(app), partial(_answered, app))


def _question(app: ConsoleApp) -> Leave:
    if app.mending is not None:
        return Leave(
            "A fix is running.",
            Content("Leaving stops it half-way; what it has done by now stays done."),
            [("leave", "Stop it and leave"), ("no", "Stay here")],
        )
    cancel = [] if app.watches_only else [("cancel", "Cancel it")]
    return Leave(
        "A run is going on.",
        Content("It goes on without the console, and `openhqm-tui` opens on it again."),
        [("leave", "Leave it running"), *cancel, ("no", "Stay here")],
    )


def _answered(app: ConsoleApp, answer: str | None) -> None:
    if answer == "cancel" and app.run_folder is not None and not app.watches_only:
        # Not by a thread: the console is gone before one would have begun.
        try:
            app.run_folder.ask(Request("cancel"))
        except OSError as error:
            app.notify(f"can't be cancelled: {error}", severity="error", markup=False)
            return
    if answer in {"leave", "cancel"}:
        app.exit(0)
