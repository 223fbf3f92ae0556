"""What works in the steps of a target, and in the lanes of a run."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

STEPS: tuple[Command, ...] = (
    Command("steps", "steps.up", "up,k", "Up", "Mark the step above.", "move(-1)"),
    Command("steps", "steps.down", "down,j", "Down", "Mark the step below.", "move(1)"),
    Command(
        "steps", "steps.page-up", "pageup,ctrl+b", "Page up", "Mark a step a page up.", "leap(-1)"
    ),
    Command(
        "steps",
        "steps.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Mark a step a page down.",
        "leap(1)",
    ),
    Command("steps", "steps.start", "home,g", "Start", "Mark the first step.", "ends(0)"),
    Command("steps", "steps.end", "end,G", "End", "Mark the last step.", "ends(1)"),
    Command(
        "steps", "steps.back", "left,h", "Back up", "Scroll the step's words back.", "read(-1)"
    ),
    Command("steps", "steps.on", "right,l", "Read on", "Scroll the step's words on.", "read(1)"),
    Command(
        "steps",
        "steps.open",
        "enter",
        "Log",
        "Show the log where the step begins; of a lane in the whole run, its steps.",
        "open",
        True,
    ),
    Command(
        "steps",
        "steps.critical",
        "x",
        "Critical",
        "Mark the next step of the critical path.",
        "critical",
        True,
    ),
    Command(
        "steps",
        "steps.whole",
        "a",
        "Whole run",
        "Show every lane of the run; again: the target's steps.",
        "whole",
        True,
    ),
    Command(
        "steps",
        "steps.cached",
        "full_stop",
        "Cached",
        "Hide the steps that were cached; again: show them.",
        "cached",
        True,
    ),
    Command("steps", "steps.leave", "escape", "Back", "Go back to the logs.", "leave"),
)
