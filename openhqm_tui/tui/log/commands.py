"""Commands of a log pane and its search bar."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

LOG: tuple[Command, ...] = (
    Command(
        "log",
        "log.search",
        "slash",
        "Search",
        "Search this log with a regular expression; lowercase patterns ignore case.",
        "search",
        True,
    ),
    Command("log", "log.next", "n", "Next match", "Go to the next match.", "next(1)"),
    Command("log", "log.previous", "N", "Previous match", "Go to the previous match.", "next(-1)"),
    Command(
        "log",
        "log.error",
        "e",
        "Error",
        "Go to the next line that looks like an error.",
        "error(1)",
        True,
    ),
    Command(
        "log",
        "log.error-before",
        "E",
        "Previous error",
        "Go to the previous line that looks like an error.",
        "error(-1)",
    ),
    Command(
        "log", "log.end", "end,G", "Follow", "Go to the end and follow new output.", "follow", True
    ),
    Command("log", "log.wrap", "w", "Wrap", "Wrap or truncate long lines.", "wrap", True),
    Command(
        "log",
        "log.filter",
        "x",
        "Filter",
        "Show only standard error, only the current step, or everything.",
        "filter",
        True,
    ),
    Command(
        "log",
        "log.times",
        "t",
        "Times",
        "Show the time since the start, the time of day, or no times.",
        "times",
    ),
    Command(
        "log",
        "log.mark",
        "v",
        "Mark",
        "Start or clear a selection of lines.",
        "mark",
    ),
    Command(
        "log",
        "log.mark-up",
        "shift+up",
        "Extend up",
        "Extend the selection up.",
        "extend(-1)",
    ),
    Command(
        "log",
        "log.mark-down",
        "shift+down",
        "Extend down",
        "Extend the selection down.",
        "extend(1)",
    ),
    Command(
        "log",
        "log.copy",
        "y,ctrl+c",
        "Copy",
        "Copy the selection, or the current line.",
        "copy",
        True,
    ),
    Command(
        "log",
        "log.close",
        "escape",
        "Clear",
        "Clear the selection, or else the search.",
        "close",
    ),
    Command("log", "log.up", "up,k", "Up", "Go up a line and stop following.", "move(-1)"),
    Command("log", "log.down", "down,j", "Down", "Go down a line.", "move(1)"),
    Command("log", "log.left", "left,h", "Left", "Scroll to the left.", "aside(-8)"),
    Command("log", "log.right", "right,l", "Right", "Scroll to the right.", "aside(8)"),
    Command("log", "log.page-up", "pageup,ctrl+b", "Page up", "Scroll up a page.", "pages(-1)"),
    Command(
        "log", "log.page-down", "pagedown,ctrl+f", "Page down", "Scroll down a page.", "pages(1)"
    ),
    Command(
        "log", "log.half-up", "ctrl+u", "Half page up", "Scroll up half a page.", "pages(-0.5)"
    ),
    Command(
        "log", "log.half-down", "ctrl+d", "Half page down", "Scroll down half a page.", "pages(0.5)"
    ),
    Command("log", "log.start", "home,g", "Start", "Go to the first line.", "start"),
    Command("log", "log.zoom", "enter", "Zoom", "Maximize or restore this pane.", "zoom"),
    Command(
        "typed",
        "typed.keep",
        "enter",
        "Keep",
        "Keep the search; n and N find the next and previous match.",
        "keep",
        True,
    ),
    Command("typed", "typed.leave", "escape", "Close", "Cancel the search.", "leave", True),
    Command("typed", "typed.next", "down", "Next", "Go to the next match.", "next(1)", True),
    Command(
        "typed", "typed.previous", "up", "Previous", "Go to the previous match.", "next(-1)", True
    ),
)


FILTER: tuple[Command, ...] = (
    Command("filter", "filter.keep", "enter", "Keep", "Keep the filter.", "keep", True),
    Command("filter", "filter.leave", "escape", "Clear", "Remove the filter.", "leave", True),
    Command("filter", "filter.next", "down", "Down", "Go down in the list.", "next(1)", True),
    Command("filter", "filter.previous", "up", "Up", "Go up in the list.", "next(-1)", True),
)
