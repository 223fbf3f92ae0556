"""What works in a log pane."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

LOG: tuple[Command, ...] = (
    Command("log", "log.up", "up,k", "Up", "Scroll up; the log no longer follows.", "scroll_up"),
    Command("log", "log.down", "down,j", "Down", "Scroll down.", "scroll_down"),
    Command("log", "log.left", "left,h", "Left", "Scroll to the left.", "aside(-8)"),
    Command("log", "log.right", "right,l", "Right", "Scroll to the right.", "aside(8)"),
    Command("log", "log.page-up", "pageup,ctrl+b", "Page up", "Scroll up a page.", "page_up"),
    Command(
        "log", "log.page-down", "pagedown,ctrl+f", "Page down", "Scroll down a page.", "page_down"
    ),
    Command("log", "log.start", "home,g", "Start", "Go to the first line.", "scroll_home"),
    Command(
        "log", "log.end", "end,G", "Follow", "Go to the end and follow what comes.", "follow", True
    ),
    Command("log", "log.zoom", "enter", "Zoom", "Give this lane all the room.", "zoom"),
)
