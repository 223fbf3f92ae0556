"""Leaving the console: what becomes of a live run or of a fix half-way, and a lost terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.screens.dialogs import Ask

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp

# Seconds in which a console without a terminal ends by itself, a fix's end among it.
_GRACE = 5.0


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


def obey_signals(app: ConsoleApp) -> None:
    """Leave in good order where the terminal is lost, or somebody ends the console.

    The run goes on: its runner has a session of its own.
    """
    loop = asyncio.get_running_loop()

    def obey(means: int, _: FrameType | None) -> None:
        # Not by the loop's own handlers: it may be waiting for a terminal that takes no more.
        if _terminal_is_lost():
            _let_go_of_terminal()
        loop.call_soon_threadsafe(partial(app.exit, return_code=128 + means))

    for means in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(means, obey)


def _terminal_is_lost() -> bool:
    try:
        termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError):
        return True
    return False


def _let_go_of_terminal() -> None:
    """Have what is still written go nowhere, and wait for nothing for long."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    last = threading.Timer(_GRACE, os._exit, (128 + signal.SIGHUP,))
    last.daemon = True
    last.start()


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
