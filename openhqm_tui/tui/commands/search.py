"""What works in the search of all lanes; its field keeps the focus, so letters are text there."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

SEARCH: tuple[Command, ...] = (
    Command("search", "search.open", "enter", "Open", "Go to the line, in its lane.", "open"),
    Command("search", "search.down", "down", "Next", "Go to the next line found.", "move(1)"),
    Command("search", "search.up", "up", "Before", "Go to the line found before.", "move(-1)"),
    Command("search", "search.page-down", "pagedown", "Page down", "Go down a page.", "pages(1)"),
    Command("search", "search.page-up", "pageup", "Page up", "Go up a page.", "pages(-1)"),
    Command("search", "search.lane", "tab", "Next lane", "Go to the next lane.", "lane(1)"),
    Command(
        "search",
        "search.lane-before",
        "shift+tab",
        "Lane before",
        "Go to the lane before.",
        "lane(-1)",
    ),
)
