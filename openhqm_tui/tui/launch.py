"""Opening the console in the current folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.core.theme import theme_called

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.store.settings import Settings


def open_console(
    settings: Settings,
    run: RunFolder | None = None,
    player: Player | None = None,
    *,
    watch_only: bool = False,
) -> int:
    """Open the console in the current folder, on a run or a replay if given; return the exit code.

    Raises UsageProblem for an invalid theme or keymap.
    """
    options: dict[str, Any] = {
        "run": run,
        "player": player,
        "keymap": _keymap(settings),
        "theme": theme_called(settings.theme or "dark"),
    }
    app: ConsoleApp
    if watch_only:
        from openhqm_tui.tui.read_only import ReadOnlyApp, ReadOnlyBackend

        app = ReadOnlyApp(ReadOnlyBackend(Path.cwd(), settings), **options)
    else:
        app = ConsoleApp(Backend(Path.cwd(), settings), **options)
    return app.run() or app.return_code or 0


def _keymap(settings: Settings) -> dict[str, str]:
    if not settings.keymap:
        return {}
    from openhqm_tui.tui.commands.keymap import checked_keymap

    return checked_keymap(settings.keymap)
