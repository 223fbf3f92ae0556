"""Commands of the Doctor screen."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

DOCTOR: tuple[Command, ...] = (
    Command(
        "doctor",
        "doctor.fix",
        "f",
        "Fix",
        "Show the fix for the selected problem and run it after confirmation.",
        "fix",
        True,
        acts=True,
    ),
    Command(
        "doctor",
        "doctor.fix-all",
        "F",
        "Fix all",
        "Show the fixes for all problems and run them after confirmation.",
        "fix_all",
        True,
        acts=True,
    ),
    Command(
        "doctor",
        "doctor.stop",
        "C",
        "Stop the fix",
        "Stop the running fix after confirmation.",
        "stop",
        True,
        acts=True,
    ),
    Command("doctor", "doctor.again", "r", "Refresh", "Check this machine again.", "examine", True),
    Command(
        "doctor",
        "doctor.copy",
        "y",
        "Copy",
        "Copy the fix for the selected problem as shell commands.",
        "copy",
        True,
    ),
    Command(
        "doctor",
        "doctor.read",
        "i",
        "Read more",
        "Open the guide section about this topic.",
        "read_more",
    ),
    Command(
        "doctor",
        "doctor.side-up",
        "K",
        "Scroll description up",
        "Scroll the description up.",
        "scroll_side(-2)",
    ),
    Command(
        "doctor",
        "doctor.side-down",
        "J",
        "Scroll description down",
        "Scroll the description down.",
        "scroll_side(2)",
    ),
)
