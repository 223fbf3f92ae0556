"""What the console does once its first place is painted, so that nothing waits for it later."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from openhqm_tui.tui import garbage
from openhqm_tui.tui.commands import PLACES

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp

# Each would stop the loop when it is gone to first: half of a tenth of a second for Run and the
# guides. They are at hand too when the package is changed under a console that watches.
LATER = (
    *(f"openhqm_tui.tui.screens.{place}" for place in PLACES),
    "openhqm_tui.domain.forecast",
    *(f"openhqm_tui.tui.{name}" for name in ("leaving", "opening", "palette", "guides.opening")),
    *(f"openhqm_tui.tui.screens.{name}" for name in ("dialogs", "evidence", "guides", "search")),
)


def settle_in(app: ConsoleApp) -> None:
    """Set the started console aside, and import in a thread what it will need."""
    garbage.begin()
    app.run_worker(load, thread=True, group="settling", exit_on_error=False)


def load() -> None:
    """Import what wasn't needed for the first paint."""
    for name in LATER:
        import_module(name)
    garbage.set_aside()
