"""Opening the console on what is here."""

from __future__ import annotations

from pathlib import Path

from openhqm_tui.run.player import Player
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.keymap import checked_keymap
from openhqm_tui.tui.services import real_services
from openhqm_tui.tui.theme import theme_called
from openhqm_tui.tui.watching import WatchingApp


def open_console(
    settings: Settings,
    run: RunFolder | None = None,
    player: Player | None = None,
    *,
    watch_only: bool = False,
) -> int:
    """Open the console in the current folder, on a run or a replay if given; return the exit code.

    Raises UsageProblem for a theme or a keymap that won't do.
    """
    app = (WatchingApp if watch_only else ConsoleApp)(
        real_services(Path.cwd(), settings),
        run=run,
        player=player,
        keymap=checked_keymap(settings.keymap or {}),
        theme=theme_called(settings.theme or "dark"),
    )
    return app.run() or app.return_code or 0
