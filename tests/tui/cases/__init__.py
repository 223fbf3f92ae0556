"""How each command of the registry is tested: a case says what must be true after, not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from openhqm_tui.tui.app import ConsoleApp
from tests.tui import folders
from tests.tui.conftest import World


class Case(NamedTuple):
    """A command's way and proof.

    `done` is false when the `way` (keys) has been gone and true after the command's own key;
    `make` prepares the world before the console opens and may return a run in the making, which
    is then open in the console if `opened`.
    """

    done: Callable[[ConsoleApp], object]
    way: tuple[str, ...] = ()
    make: Callable[[World], folders.Made | None] = lambda world: None
    opened: bool = True
    size: tuple[int, int] = (100, 30)
