"""What works on the Doctor place."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

DOCTOR: tuple[Command, ...] = (
    Command(
        "doctor",
        "doctor.fix",
        "f",
        "Fix",
        "Mend what is marked, after showing how.",
        "fix",
        True,
        acts=True,
    ),
    Command(
        "doctor",
        "doctor.fix-all",
        "F",
        "Fix all",
        "Mend all that can be mended, after showing every command.",
        "fix_all",
        True,
        acts=True,
    ),
    Command(
        "doctor",
        "doctor.stop",
        "C",
        "Stop the fix",
        "Stop the running fix, after saying what that leaves behind.",
        "stop",
        True,
        acts=True,
    ),
    Command(
        "doctor", "doctor.again", "r", "Look again", "Look at the machine again.", "examine", True
    ),
    Command(
        "doctor",
        "doctor.copy",
        "y",
        "Copy",
        "Copy the command that mends what is marked.",
        "copy",
        True,
    ),
    Command(
        "doctor", "doctor.read", "i", "Read more", "Open the guide at what is marked.", "read_more"
    ),
    Command(
        "doctor",
        "doctor.side-up",
        "K",
        "Description up",
        "Scroll what is told of the finding up.",
        "scroll_side(-2)",
    ),
    Command(
        "doctor",
        "doctor.side-down",
        "J",
        "Description down",
        "Scroll what is told of the finding down.",
        "scroll_side(2)",
    ),
)
