"""Commands that work everywhere, in dialogs and in tables."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

EVERYWHERE: tuple[Command, ...] = (
    Command("app", "go.plan", "1", "Plan", "Choose what to build.", "go('plan')"),
    Command("app", "go.run", "2", "Run", "Watch the builds side by side.", "go('run')"),
    Command(
        "app", "go.checks", "3", "Checks", "Show the check results of each image.", "go('checks')"
    ),
    Command("app", "go.history", "4", "History", "Open a past run.", "go('history')"),
    Command(
        "app",
        "go.doctor",
        "5",
        "Doctor",
        "Diagnose this machine and fix problems.",
        "go('doctor')",
    ),
    Command("app", "help", "question_mark", "Help", "Show the keys of this screen.", "help", True),
    Command("app", "guides", "f1", "Guides", "Read the guides.", "guides"),
    Command(
        "app",
        "theme.switch",
        "ctrl+t",
        "Next theme",
        "Switch between dark, light, high contrast and the terminal's colors.",
        "switch_theme",
    ),
    Command("app", "theme.choose", "", "Theme", "Choose a theme.", "change_theme"),
    Command("app", "quit", "q", "Quit", "Quit; a live run can be kept running.", "quit", True),
    Command(
        "app",
        "palette",
        "ctrl+p",
        "Commands",
        "Find a command by its name.",
        "command_palette",
        True,
    ),
    Command(
        "dialog",
        "dialog.close",
        "escape",
        "Close",
        "Close the dialog without doing anything.",
        "close",
        True,
    ),
)


TABLE: tuple[Command, ...] = (
    Command("table", "table.up", "up,k", "Up", "Go to the previous row.", "move(-1, 0)"),
    Command("table", "table.down", "down,j", "Down", "Go to the next row.", "move(1, 0)"),
    Command("table", "table.left", "left,h", "Left", "Go to the previous column.", "move(0, -1)"),
    Command("table", "table.right", "right,l", "Right", "Go to the next column.", "move(0, 1)"),
    Command("table", "table.page-up", "pageup,ctrl+b", "Page up", "Go up a page.", "leap(-1)"),
    Command(
        "table", "table.page-down", "pagedown,ctrl+f", "Page down", "Go down a page.", "leap(1)"
    ),
    Command("table", "table.start", "home,g", "Start", "Go to the first row.", "leap(-9999)"),
    Command("table", "table.end", "end,G", "End", "Go to the last row.", "leap(9999)"),
    Command("table", "table.open", "enter", "Open", "Open the selected row.", "open"),
)
