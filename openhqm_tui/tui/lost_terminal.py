"""Ending in good order where the terminal is lost, or somebody ends the console."""

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

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp

# Seconds in which a console without a terminal ends by itself, a fix's end among it.
_GRACE = 5.0


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
