"""What works on the Checks place."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

CHECKS: tuple[Command, ...] = (
    Command(
        "checks",
        "checks.next",
        "f",
        "Next failure",
        "Go to the next answer that is no pass.",
        "next_failure",
        True,
    ),
)
