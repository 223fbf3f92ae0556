"""Commands of the Checks screen and its evidence dialog."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

CHECKS: tuple[Command, ...] = (
    Command(
        "checks",
        "checks.open",
        "e,o",
        "Evidence",
        "Show the evidence of the selected result.",
        "open",
        True,
    ),
    Command(
        "checks",
        "checks.next",
        "f",
        "Next failure",
        "Go to the next result that is not a pass.",
        "next_failure(1)",
        True,
    ),
    Command(
        "checks",
        "checks.previous",
        "F",
        "Previous failure",
        "Go to the previous result that is not a pass.",
        "next_failure(-1)",
    ),
    Command(
        "checks",
        "checks.only-others",
        "x",
        "Hide passed",
        "Hide or show passed checks.",
        "only_others",
        True,
    ),
    Command(
        "checks",
        "checks.again",
        "r",
        "Check again",
        "Repeat the selected check; other results are kept.",
        "again('check')",
        True,
        acts=True,
    ),
    Command(
        "checks",
        "checks.again-lane",
        "R",
        "Check image",
        "Repeat all checks of the selected image.",
        "again('lane')",
        True,
        acts=True,
    ),
    Command(
        "checks",
        "checks.again-all",
        "A",
        "Check all",
        "Repeat all checks of all images.",
        "again('all')",
        True,
        acts=True,
    ),
    Command(
        "checks", "checks.read", "i", "Read more", "Open the guide at this check.", "read_more"
    ),
    Command("checks", "checks.copy", "y", "Copy", "Copy the result that is shown.", "copy", True),
    Command(
        "evidence",
        "evidence.next",
        "f",
        "Next failure",
        "Go to the next result that is not a pass.",
        "step(1)",
        True,
    ),
    Command(
        "evidence",
        "evidence.previous",
        "F",
        "Previous",
        "Go to the previous result that is not a pass.",
        "step(-1)",
        True,
    ),
    Command(
        "evidence",
        "evidence.again",
        "r",
        "Check again",
        "Repeat this check.",
        "again",
        True,
        acts=True,
    ),
    Command("evidence", "evidence.copy", "y", "Copy", "Copy the whole text.", "copy", True),
    Command("evidence", "evidence.up", "up,k", "Up", "Scroll up a line.", "scroll_lines(-1)"),
    Command(
        "evidence", "evidence.down", "down,j", "Down", "Scroll down a line.", "scroll_lines(1)"
    ),
    Command(
        "evidence",
        "evidence.page-up",
        "pageup,ctrl+b",
        "Page up",
        "Scroll up a page.",
        "scroll_pages(-1)",
    ),
    Command(
        "evidence",
        "evidence.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Scroll down a page.",
        "scroll_pages(1)",
    ),
    Command(
        "evidence", "evidence.start", "home,g", "Start", "Go to the top.", "scroll_pages(-999)"
    ),
    Command("evidence", "evidence.end", "end,G", "End", "Go to the end.", "scroll_pages(999)"),
)
