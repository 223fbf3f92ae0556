"""The console's five places, and the dialogs over them: each is imported when it is gone to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhqm_tui.tui.screens.place import Place


def place_called(name: str) -> Place:
    """Return a new screen of one of `commands.PLACES`."""
    module = import_module(f"{__name__}.{name}")
    screen: type[Place] = getattr(module, f"{name.title()}Screen")
    return screen()
