"""How each command of the registry is tested: a case says what must be true after, not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from openhqm_tui.tui.app import ConsoleApp
from tests.tui import folders
from tests.tui.conftest import World


class Case(NamedTuple):
    """How a command is reached, and what shows that it was carried out.

    `done` is false after the keys of `way` and true after the command's own key. Cases that follow
    each other with the same `make`, `opened` and `size` share a console, so a way begins where the
    case before it has ended. `make` prepares the world before the console opens and may return a
    run in the making, which is then open in the console if `opened`.
    """

    done: Callable[[ConsoleApp], object]
    way: tuple[str, ...] = ()
    make: Callable[[World], folders.Made | None] = lambda world: None
    opened: bool = True
    size: tuple[int, int] = (100, 30)
