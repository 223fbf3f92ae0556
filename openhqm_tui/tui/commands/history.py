"""What works on the History place."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

HISTORY: tuple[Command, ...] = (
    Command("history", "history.open", "o", "Open", "Open the run that is marked.", "open", True),
    Command(
        "history",
        "history.reload",
        "r",
        "Look again",
        "Read the list of runs again.",
        "reload",
        True,
    ),
)
