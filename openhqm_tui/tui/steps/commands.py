"""What works in the steps of a target, and in the lanes of a run."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

STEPS: tuple[Command, ...] = (
    Command("steps", "steps.up", "up,k", "Up", "Select the previous step.", "move(-1)"),
    Command("steps", "steps.down", "down,j", "Down", "Select the next step.", "move(1)"),
    Command("steps", "steps.page-up", "pageup,ctrl+b", "Page up", "Go up a page.", "leap(-1)"),
    Command(
        "steps",
        "steps.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Go down a page.",
        "leap(1)",
    ),
    Command("steps", "steps.start", "home,g", "Start", "Select the first step.", "ends(0)"),
    Command("steps", "steps.end", "end,G", "End", "Select the last step.", "ends(1)"),
    Command(
        "steps", "steps.back", "left,h", "Scroll text up", "Scroll the step's text up.", "read(-1)"
    ),
    Command(
        "steps",
        "steps.on",
        "right,l",
        "Scroll text down",
        "Scroll the step's text down.",
        "read(1)",
    ),
    Command(
        "steps",
        "steps.open",
        "enter",
        "Log",
        "Open the log at the step; in the whole run, the target's steps.",
        "open",
        True,
    ),
    Command(
        "steps",
        "steps.critical",
        "x",
        "Critical",
        "Select the next step of the critical path.",
        "critical",
        True,
    ),
    Command(
        "steps",
        "steps.whole",
        "a",
        "Whole run",
        "Switch between the whole run and the target's steps.",
        "whole",
        True,
    ),
    Command(
        "steps",
        "steps.cached",
        "full_stop",
        "Cached",
        "Hide or show cached steps.",
        "cached",
        True,
    ),
    Command("steps", "steps.leave", "escape", "Back", "Go back to the logs.", "leave"),
)
