"""What works in a table."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

TABLE: tuple[Command, ...] = (
    Command("table", "table.up", "up,k", "Up", "Go to the row above.", "move(-1, 0)"),
    Command("table", "table.down", "down,j", "Down", "Go to the next row.", "move(1, 0)"),
    Command("table", "table.left", "left,h", "Left", "Go to the column before.", "move(0, -1)"),
    Command("table", "table.right", "right,l", "Right", "Go to the next column.", "move(0, 1)"),
    Command("table", "table.page-up", "pageup,ctrl+b", "Page up", "Go up a page.", "leap(-1)"),
    Command(
        "table", "table.page-down", "pagedown,ctrl+f", "Page down", "Go down a page.", "leap(1)"
    ),
    Command("table", "table.start", "home,g", "Start", "Go to the first row.", "leap(-9999)"),
    Command("table", "table.end", "end,G", "End", "Go to the last row.", "leap(9999)"),
    Command("table", "table.open", "enter", "Open", "Open what is marked.", "open"),
)
