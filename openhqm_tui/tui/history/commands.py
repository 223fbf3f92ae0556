"""What works on the History place."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

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
        acts=True,
    ),
    Command(
        "history",
        "history.cancel",
        "C",
        "Cancel run",
        "Stop the run that is marked, if it goes on.",
        "cancel",
        True,
        acts=True,
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
        True,
        acts=True,
    ),
    Command(
        "history",
        "history.trends",
        "t",
        "Trends",
        "Show how times and sizes of the run's images went from run to run.",
        "trends",
        True,
    ),
    Command(
        "history",
        "history.mark",
        "x",
        "Mark",
        "Choose the run that others are compared with.",
        "mark",
        True,
    ),
    Command(
        "history",
        "history.compare",
        "c",
        "Compare",
        "Show what differs from the run that was marked with x, else from the one before.",
        "compare",
        True,
    ),
    Command(
        "history", "history.back", "escape", "Back", "Show the list of runs again.", "back", True
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
