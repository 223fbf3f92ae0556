"""Commands of the History screen."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

HISTORY: tuple[Command, ...] = (
    Command("history", "history.open", "o", "Open", "Open the selected run.", "open", True),
    Command(
        "history",
        "history.resume",
        "u",
        "Resume",
        "Resume the interrupted or cancelled targets of the selected run.",
        "resume",
        True,
        acts=True,
    ),
    Command(
        "history",
        "history.cancel",
        "C",
        "Cancel run",
        "Cancel the selected run if it is in progress.",
        "cancel",
        True,
        acts=True,
    ),
    Command(
        "history",
        "history.replay",
        "p",
        "Replay",
        "Replay the selected run; nothing is built.",
        "replay_run",
        True,
    ),
    Command(
        "history",
        "history.report",
        "w",
        "Write report",
        "Write an HTML report of the selected run to the current folder.",
        "write_report",
        True,
        acts=True,
    ),
    Command(
        "history",
        "history.trends",
        "t",
        "Trends",
        "Show times and sizes of the run's images across past runs.",
        "trends",
        True,
    ),
    Command(
        "history",
        "history.mark",
        "x",
        "Mark",
        "Mark or unmark the selected run for comparison.",
        "mark",
        True,
    ),
    Command(
        "history",
        "history.compare",
        "c",
        "Compare",
        "Compare with the marked run, or else with the previous run of the same images.",
        "compare",
        True,
    ),
    Command(
        "history", "history.back", "escape", "Back", "Go back to the list of runs.", "back", True
    ),
    Command(
        "history",
        "history.reload",
        "r",
        "Refresh",
        "Reload the list of runs.",
        "reload",
        True,
    ),
)
