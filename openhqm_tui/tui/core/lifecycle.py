"""The console's start and end: stylesheet cache, late imports, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any

from textual.app import App
from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

from openhqm_tui.tui.command_table import PLACES
from openhqm_tui.tui.core import garbage

# Importing each on first use would block the loop: 50 ms for Run and the guides. Importing early
# also keeps an open console working when the package is upgraded.
LATER = (
    *(f"openhqm_tui.tui.{place}.screen" for place in PLACES),
    "openhqm_tui.domain.history.forecast",
    "openhqm_tui.tui.opening",
    "openhqm_tui.tui.commands.palette",
    "openhqm_tui.tui.guides.screen",
    "openhqm_tui.tui.run.search",
    "openhqm_tui.tui.widgets.dialogs",
)


def finish_startup(app: App[Any]) -> None:
    """Enable garbage collection, and import the other screens in a thread."""
    garbage.resume()
    app.run_worker(import_the_rest, thread=True, group="settling", exit_on_error=False)


def import_the_rest() -> None:
    """Import what the first paint doesn't need."""
    for name in LATER:
        import_module(name)
    garbage.freeze()


# Textual's stylesheet, but parsed sheets are reused until the colors change.
#
# Textual parses all sheets again for every screen with its own rules: a third of the time to the
# first paint.

# More than the number of sheets: an LRU cache scanned in order has no hits beyond its size.
_SHEETS = 512


class CachedStylesheet(Stylesheet):
    """A stylesheet that keeps its rules until the colors change."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(_SHEETS)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Set variables; the same ones change nothing."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse new sheets only."""
        self.parse()


# Seconds for a console without a terminal to exit by itself, including stopping a fix.
_GRACE = 5.0


def handle_signals(app: App[Any]) -> None:
    """Exit cleanly on SIGTERM and SIGHUP, or when the terminal is lost.

    The run continues: its runner has its own session.
    """
    loop = asyncio.get_running_loop()

    def obey(means: int, _: FrameType | None) -> None:
        # Not with the loop's signal handlers: it may be blocked writing to a lost terminal.
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
    """Redirect output to /dev/null, and exit after a grace period."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    last = threading.Timer(_GRACE, os._exit, (128 + signal.SIGHUP,))
    last.daemon = True
    last.start()
