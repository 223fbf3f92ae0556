"""Every command of the console, once: key, footer, palette, help, tooltip and remap id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from textual.binding import Binding, BindingType
from textual.keys import format_key


class Command(NamedTuple):
    """One thing a person can ask for, in one place of the console.

    `where` is the place or the widget that carries it out, `action` the Textual action there;
    `id` is what a keymap names it by. `footer` tells whether the footer has room for it.
    """

    where: str
    id: str
    keys: str
    title: str
    help: str
    action: str
    footer: bool = False


_ALL: tuple[Command, ...] = (
    # Everywhere
    Command("app", "go.plan", "1", "Plan", "Choose what to build.", "go('plan')"),
    Command("app", "go.run", "2", "Run", "Watch the builds side by side.", "go('run')"),
    Command(
        "app", "go.checks", "3", "Checks", "See what was proved of each image.", "go('checks')"
    ),
    Command("app", "go.history", "4", "History", "Open an earlier run.", "go('history')"),
    Command(
        "app",
        "go.doctor",
        "5",
        "Doctor",
        "See what this machine lacks, and mend it.",
        "go('doctor')",
    ),
    Command(
        "app", "help", "question_mark,f1", "Help", "Show the keys of this place.", "help", True
    ),
    Command(
        "app",
        "theme.switch",
        "ctrl+t",
        "Dark or light",
        "Switch between dark and light colours.",
        "switch_theme",
    ),
    Command("app", "theme.choose", "", "Theme", "Choose other colours.", "change_theme"),
    Command("app", "quit", "q", "Quit", "Leave; a live run may go on.", "quit", True),
    Command(
        "app",
        "palette",
        "ctrl+p",
        "Commands",
        "Find a command by its name.",
        "command_palette",
        True,
    ),
    # Plan
    Command("plan", "plan.build", "b", "Build", "Build all that is chosen.", "build", True),
    Command(
        "plan",
        "plan.all",
        "a",
        "All",
        "Choose every variant on every platform.",
        "choose_all",
        True,
    ),
    Command("plan", "plan.none", "n", "None", "Choose nothing.", "choose_none"),
    Command(
        "plan",
        "plan.mine",
        "m",
        "Native",
        "Choose every variant, on this machine's own platform.",
        "choose_native",
        True,
    ),
    Command(
        "plan",
        "plan.platform",
        "p",
        "Platform",
        "Add another platform as a column.",
        "add_platform",
        True,
    ),
    Command(
        "plan",
        "plan.copy",
        "y",
        "Copy",
        "Copy the command that builds the same.",
        "copy_command",
        True,
    ),
    Command("plan", "plan.matrix", "escape", "To the matrix", "Leave a text field.", "to_matrix"),
    # The matrix of the plan
    Command("matrix", "matrix.up", "up,k", "Up", "Go to the row above.", "move(-1, 0)"),
    Command("matrix", "matrix.down", "down,j", "Down", "Go to the row below.", "move(1, 0)"),
    Command("matrix", "matrix.left", "left,h", "Left", "Go to the column before.", "move(0, -1)"),
    Command("matrix", "matrix.right", "right,l", "Right", "Go to the next column.", "move(0, 1)"),
    Command(
        "matrix",
        "matrix.toggle",
        "space",
        "Choose",
        "Choose the cell, or leave it out; on a name, its whole row or column.",
        "choose",
        True,
    ),
    Command("matrix", "matrix.row", "r", "Row", "Choose the whole row, or leave it out.", "row"),
    Command(
        "matrix",
        "matrix.column",
        "c",
        "Column",
        "Choose the whole column, or leave it out.",
        "column",
    ),
    Command("matrix", "matrix.build", "enter", "Build", "Build all that is chosen.", "build"),
    # Run
    Command(
        "run", "run.zoom", "z", "Zoom", "Give one lane all the room; again: back.", "zoom", True
    ),
    Command("run", "run.back", "escape", "Back", "Leave the zoom.", "unzoom"),
    Command(
        "run",
        "run.next",
        "right_square_bracket",
        "Next page",
        "Go to the next lanes.",
        "page(1)",
        True,
    ),
    Command(
        "run",
        "run.previous",
        "left_square_bracket",
        "Previous page",
        "Go to the lanes before.",
        "page(-1)",
    ),
    Command(
        "run", "run.digest", "d", "Digest", "Show or hide why the target failed.", "digest", True
    ),
    Command(
        "run",
        "run.cancel-target",
        "c",
        "Cancel target",
        "Stop the chosen target.",
        "cancel_target",
        True,
    ),
    Command("run", "run.cancel", "C", "Cancel run", "Stop the whole run.", "cancel_run", True),
    Command(
        "run",
        "run.target-up",
        "K,shift+up",
        "Target above",
        "Choose the target above.",
        "target(-1)",
    ),
    Command(
        "run",
        "run.target-down",
        "J,shift+down",
        "Target below",
        "Choose the target below.",
        "target(1)",
    ),
    # The list of targets
    Command("targets", "targets.up", "up,k", "Up", "Choose the target above.", "move(-1)"),
    Command("targets", "targets.down", "down,j", "Down", "Choose the target below.", "move(1)"),
    Command(
        "targets", "targets.zoom", "enter", "Zoom", "Give its first lane all the room.", "zoom"
    ),
    # A log pane
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
    # A table
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
    # Checks
    Command(
        "checks",
        "checks.next",
        "f",
        "Next failure",
        "Go to the next answer that is no pass.",
        "next_failure",
        True,
    ),
    # History
    Command("history", "history.open", "o", "Open", "Open the run that is marked.", "open", True),
    Command(
        "history",
        "history.reload",
        "r",
        "Look again",
        "Read the list of runs again.",
        "reload",
        True,
    ),
    # Doctor
    Command(
        "doctor", "doctor.fix", "f", "Fix", "Mend what is marked, after showing how.", "fix", True
    ),
    Command(
        "doctor", "doctor.again", "r", "Look again", "Look at the machine again.", "examine", True
    ),
    # Dialogs
    Command(
        "dialog",
        "dialog.close",
        "escape",
        "Close",
        "Leave the dialog; nothing is done.",
        "close",
        True,
    ),
)

PLACES = ("plan", "run", "checks", "history", "doctor")
_WIDGETS = {
    "plan": ("matrix",),
    "run": ("targets", "log"),
    "checks": ("table",),
    "history": ("table",),
    "doctor": ("table", "log"),
}
_TITLES = {
    "app": "Everywhere",
    "plan": "Plan",
    "matrix": "In the matrix",
    "run": "Run",
    "targets": "In the list of targets",
    "log": "In a log",
    "table": "In the table",
    "checks": "Checks",
    "history": "History",
    "doctor": "Doctor",
}


def commands(where: str) -> tuple[Command, ...]:
    """Return the commands of one place or widget."""
    return tuple(command for command in _ALL if command.where == where)


def bindings(where: str) -> list[BindingType]:
    """Return the same as Textual bindings, with the ids that a keymap may name."""
    return [
        Binding(
            command.keys,
            command.action,
            command.title,
            show=command.footer,
            tooltip=command.help,
            id=command.id,
        )
        for command in commands(where)
        if command.keys
    ]


def help_sections(place: str) -> Iterator[tuple[str, tuple[Command, ...]]]:
    """Yield titles and commands of all that works in a place, the nearest first."""
    for where in (place, *_WIDGETS.get(place, ()), "app"):
        yield _TITLES[where], commands(where)


_KEY_NAMES = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "home": "Home",
    "end": "End",
    "f1": "F1",
    "shift+up": "Shift+↑",
    "shift+down": "Shift+↓",
}


def key_words(keys: str) -> str:
    """Return keys as a person reads them: `q, Ctrl+q`."""
    words = []
    for key in filter(None, keys.split(",")):
        if key.startswith("ctrl+"):
            words.append(f"Ctrl+{key.removeprefix('ctrl+')}")
        else:
            words.append(_KEY_NAMES.get(key) or format_key(key))
    return ", ".join(words)
