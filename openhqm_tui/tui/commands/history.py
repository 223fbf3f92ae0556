"""What works on the History place."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

HISTORY: tuple[Command, ...] = (
    Command("history", "history.open", "o", "Open", "Open the run that is marked.", "open", True),
    Command(
        "history",
        "history.resume",
        "u",
        "Resume",
        "Take up what was cut off or cancelled in the run that is marked, and watch it.",
        "resume",
        True,
    ),
    Command(
        "history",
        "history.cancel",
        "C",
        "Cancel run",
        "Stop the run that is marked, if it goes on.",
        "cancel",
        True,
    ),
    Command(
        "history",
        "history.replay",
        "p",
        "Replay",
        "Play the run that is marked as it went; nothing is built.",
        "replay_run",
        True,
    ),
    Command(
        "history",
        "history.report",
        "w",
        "Write report",
        "Write what the run that is marked tells to an HTML file in this folder.",
        "write_report",
    ),
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
