"""`openhqm-tui` without a command: open the console."""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from typing import TYPE_CHECKING, Any

from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.store.settings import Settings


def run(parsed: argparse.Namespace) -> int:
    """Open the console; raises UsageProblem, with the alternative, if there is no terminal."""
    if not has_terminal():
        raise UsageProblem(
            "the console needs a terminal", fix="use `openhqm-tui build --format plain` instead"
        )
    from openhqm_tui.store.paths import state_folder

    # Report an unusable folder in one line, before the console's threads fail on it.
    state_folder()
    return open_console(
        _settings(),
        watch_only=parsed.watch_only,
        files=tuple(parsed.console_files or ()),
        context=parsed.console_context or "",
    )


def open_on_replay(player: Player) -> int:
    """Open the console on the replay of a recorded run and return its exit code."""
    return open_console(_settings(), player=player)


def _prepare_terminal() -> None:
    """Let Textual draw on standard output, and not on a redirected standard error.

    Raises UsageProblem if the terminal's encoding lacks the console's characters.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return
    encoding = codecs.lookup(sys.stdout.encoding).name
    if encoding != "utf-8":
        raise UsageProblem(
            f"the console needs a UTF-8 locale, but the terminal's encoding is {encoding}",
            fix="set LC_ALL=C.UTF-8",
        )
    if not sys.stderr.isatty():
        # Textual draws on this name, and stderr itself stays redirected.
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]


def has_terminal() -> bool:
    """Return whether a terminal can show the console, or a browser serves as one."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def open_console(
    settings: Settings,
    run: RunFolder | None = None,
    player: Player | None = None,
    *,
    watch_only: bool = False,
    files: tuple[str, ...] = (),
    context: str = "",
) -> int:
    """Open the console in the current folder, on a run or a replay if given; return the exit code.

    `files` are bake or Compose files, and `context` is a folder, to build instead of this one.

    Raises UsageProblem for an invalid theme or keymap, and a terminal without UTF-8.
    """
    from pathlib import Path

    from openhqm_tui.tui.core import garbage

    _prepare_terminal()
    garbage.pause()
    from openhqm_tui.tui.app import ConsoleApp
    from openhqm_tui.tui.command_table import checked_keymap
    from openhqm_tui.tui.core.backend import Backend
    from openhqm_tui.tui.core.theme import theme_called

    options: dict[str, Any] = {
        "run": run,
        "player": player,
        "keymap": checked_keymap(settings.keymap) if settings.keymap else {},
        "theme": theme_called(settings.theme or "dark"),
    }
    app: ConsoleApp
    if watch_only:
        from openhqm_tui.tui.read_only import ReadOnlyApp, ReadOnlyBackend

        app = ReadOnlyApp(ReadOnlyBackend(Path.cwd(), settings, files, context), **options)
    else:
        app = ConsoleApp(Backend(Path.cwd(), settings, files, context), **options)
    return app.run() or app.return_code or 0


def _settings() -> Settings:
    from pathlib import Path

    from openhqm_tui.store.settings import read_settings

    return read_settings(Path.cwd())
