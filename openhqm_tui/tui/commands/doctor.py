"""What works on the Doctor place."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

DOCTOR: tuple[Command, ...] = (
    Command(
        "doctor", "doctor.fix", "f", "Fix", "Mend what is marked, after showing how.", "fix", True
    ),
    Command(
        "doctor", "doctor.again", "r", "Look again", "Look at the machine again.", "examine", True
    ),
)
