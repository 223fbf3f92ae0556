"""What works on the Checks place, and over it in the evidence of one answer."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

CHECKS: tuple[Command, ...] = (
    Command(
        "checks",
        "checks.open",
        "e,o",
        "Evidence",
        "Show all that is known of the marked answer.",
        "open",
        True,
    ),
    Command(
        "checks",
        "checks.next",
        "f",
        "Next failure",
        "Go to the next answer that is no pass.",
        "next_failure(1)",
        True,
    ),
    Command(
        "checks",
        "checks.previous",
        "F",
        "Failure before",
        "Go to the answer before that is no pass.",
        "next_failure(-1)",
    ),
    Command(
        "checks",
        "checks.only-others",
        "x",
        "No passes",
        "Leave out what is a pass, or show it again.",
        "only_others",
        True,
    ),
    Command(
        "checks",
        "checks.again",
        "r",
        "Ask again",
        "Ask the marked check again; the other answers stay.",
        "again('check')",
        True,
        acts=True,
    ),
    Command(
        "checks",
        "checks.again-lane",
        "R",
        "Ask image",
        "Ask everything again of the marked image.",
        "again('lane')",
        True,
        acts=True,
    ),
    Command(
        "checks",
        "checks.again-all",
        "A",
        "Ask all",
        "Ask everything again of every image.",
        "again('all')",
        True,
        acts=True,
    ),
    Command(
        "checks", "checks.read", "i", "Read more", "Open the guide at this check.", "read_more"
    ),
    Command("checks", "checks.copy", "y", "Copy", "Copy the answer that is shown.", "copy", True),
    Command(
        "evidence",
        "evidence.next",
        "f",
        "Next failure",
        "Go to the next answer that is no pass.",
        "step(1)",
        True,
    ),
    Command(
        "evidence",
        "evidence.previous",
        "F",
        "Before",
        "Go to the answer before that is no pass.",
        "step(-1)",
        True,
    ),
    Command(
        "evidence",
        "evidence.again",
        "r",
        "Ask again",
        "Ask for this answer again.",
        "again",
        True,
        acts=True,
    ),
    Command("evidence", "evidence.copy", "y", "Copy", "Copy all that is shown.", "copy", True),
    Command("evidence", "evidence.up", "up,k", "Up", "Show the line above.", "scroll_lines(-1)"),
    Command(
        "evidence", "evidence.down", "down,j", "Down", "Show the next line.", "scroll_lines(1)"
    ),
    Command(
        "evidence",
        "evidence.page-up",
        "pageup,ctrl+b",
        "Page up",
        "Show the page above.",
        "scroll_pages(-1)",
    ),
    Command(
        "evidence",
        "evidence.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Show the next page.",
        "scroll_pages(1)",
    ),
    Command(
        "evidence", "evidence.start", "home,g", "Start", "Go to the top.", "scroll_pages(-999)"
    ),
    Command("evidence", "evidence.end", "end,G", "End", "Go to the end.", "scroll_pages(999)"),
)
