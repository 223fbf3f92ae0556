"""How each command of the registry is tested: a case is a condition that the command makes true."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.widgets import Input

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.filter_bar import FilterBar
from tests.tui import folders
from tests.tui.conftest import World


class Case(NamedTuple):
    """How a command is reached, and the condition that shows that it was executed.

    `done` is false after the keys of `way` and true after the command's own key. Cases that follow
    each other with the same `make`, `opened` and `size` share a console, so a way begins where the
    case before it ended. `make` prepares the world before the console opens and may return a
    live run, which is open in the console if `opened`.
    """

    done: Callable[[ConsoleApp], object]
    way: tuple[str, ...] = ()
    make: Callable[[World], folders.Made | None] = lambda world: None
    opened: bool = True
    size: tuple[int, int] = (100, 30)


def is_filtering(app: ConsoleApp) -> bool:
    """Return whether a filter is being typed."""
    focused = app.focused
    return isinstance(focused, Input) and isinstance(focused.parent, FilterBar)
