"""What works in a log pane, and while something is typed to be searched there."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

LOG: tuple[Command, ...] = (
    Command(
        "log",
        "log.search",
        "slash",
        "Search",
        "Search this log by a regular expression; small letters match capitals too.",
        "search",
        True,
    ),
    Command("log", "log.next", "n", "Next match", "Go to the next match.", "next(1)"),
    Command("log", "log.previous", "N", "Match before", "Go to the match before.", "next(-1)"),
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
        "Error before",
        "Go to the line before that looks like an error.",
        "error(-1)",
    ),
    Command(
        "log", "log.end", "end,G", "Follow", "Go to the end and follow what comes.", "follow", True
    ),
    Command("log", "log.wrap", "w", "Wrap", "Wrap long lines, or cut them.", "wrap", True),
    Command(
        "log",
        "log.filter",
        "x",
        "Filter",
        "Show standard error only; then the step one stands in; then all.",
        "filter",
        True,
    ),
    Command(
        "log",
        "log.times",
        "t",
        "Times",
        "Show when lines came: since the run began; then the time of day; then not.",
        "times",
    ),
    Command(
        "log",
        "log.mark",
        "v",
        "Mark",
        "Mark lines from here on, for copying; again: unmark.",
        "mark",
    ),
    Command(
        "log",
        "log.mark-up",
        "shift+up",
        "Mark up",
        "Mark this line and the one above.",
        "extend(-1)",
    ),
    Command(
        "log",
        "log.mark-down",
        "shift+down",
        "Mark down",
        "Mark this line and the one below.",
        "extend(1)",
    ),
    Command(
        "log",
        "log.copy",
        "y,ctrl+c",
        "Copy",
        "Copy what is marked or picked with the mouse, else the line one stands on.",
        "copy",
        True,
    ),
    Command(
        "log",
        "log.close",
        "escape",
        "Let go",
        "Leave what is picked, marked or searched, one after the other.",
        "close",
    ),
    Command("log", "log.up", "up,k", "Up", "Go up a line; the log no longer follows.", "move(-1)"),
    Command("log", "log.down", "down,j", "Down", "Go down a line.", "move(1)"),
    Command("log", "log.left", "left,h", "Left", "Scroll to the left.", "aside(-8)"),
    Command("log", "log.right", "right,l", "Right", "Scroll to the right.", "aside(8)"),
    Command("log", "log.page-up", "pageup,ctrl+b", "Page up", "Scroll up a page.", "pages(-1)"),
    Command(
        "log", "log.page-down", "pagedown,ctrl+f", "Page down", "Scroll down a page.", "pages(1)"
    ),
    Command("log", "log.half-up", "ctrl+u", "Half up", "Scroll up half a page.", "pages(-0.5)"),
    Command(
        "log", "log.half-down", "ctrl+d", "Half down", "Scroll down half a page.", "pages(0.5)"
    ),
    Command("log", "log.start", "home,g", "Start", "Go to the first line.", "start"),
    Command("log", "log.zoom", "enter", "Zoom", "Give this lane all the room.", "zoom"),
    Command(
        "typed", "typed.keep", "enter", "Keep", "Keep the search: n and N go on.", "keep", True
    ),
    Command(
        "typed", "typed.leave", "escape", "Close", "Forget the search and go back.", "leave", True
    ),
    Command("typed", "typed.next", "down", "Next", "Go to the next match.", "next(1)", True),
    Command("typed", "typed.previous", "up", "Before", "Go to the match before.", "next(-1)", True),
)
