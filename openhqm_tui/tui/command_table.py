"""The table of all commands: key, footer, palette, help, tooltip and keymap ID."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.tui.checks.commands import CHECKS
from openhqm_tui.tui.commands.registry import Command
from openhqm_tui.tui.doctor.commands import DOCTOR
from openhqm_tui.tui.guides.commands import GUIDES
from openhqm_tui.tui.history.commands import HISTORY
from openhqm_tui.tui.log.commands import FILTER, LOG
from openhqm_tui.tui.plan.commands import BUILDERS, PLAN
from openhqm_tui.tui.run.commands import REPLAY, RUN, SEARCH, STEPS

EVERYWHERE: tuple[Command, ...] = (
    Command("app", "go.plan", "1", "Plan", "Choose what to build.", "go('plan')"),
    Command(
        "app",
        "go.run",
        "2",
        "Run",
        "Watch the builds and checks of the run.",
        "go('run')",
    ),
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
    Command("app", "quit", "q", "Quit", "Quit; a run in progress can continue.", "quit", True),
    Command(
        "app",
        "palette",
        "ctrl+p",
        "Commands",
        "Find a command by name.",
        "command_palette",
        True,
    ),
    Command(
        "dialog",
        "dialog.close",
        "escape",
        "Close",
        "Cancel and close the dialog.",
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


_ALL: tuple[Command, ...] = (
    *EVERYWHERE,
    *REPLAY,
    *PLAN,
    *BUILDERS,
    *RUN,
    *LOG,
    *FILTER,
    *SEARCH,
    *STEPS,
    *TABLE,
    *CHECKS,
    *HISTORY,
    *DOCTOR,
    *GUIDES,
)

PLACES = ("plan", "run", "checks", "history", "doctor")
_WIDGETS = {
    "plan": ("matrix", "filter", "builders"),
    "run": ("targets", "filter", "digest", "steps", "log", "typed", "search"),
    "checks": ("table", "filter", "evidence"),
    "history": ("table",),
    "doctor": ("table", "log", "typed"),
    "guides": ("guide",),
}
_TITLES = {
    "app": "Everywhere",
    "plan": "Plan",
    "matrix": "In the matrix",
    "builders": "In the builder dialog",
    "run": "Run",
    "targets": "On the board",
    "digest": "In the failure summary",
    "steps": "In the steps",
    "log": "In a log",
    "typed": "While typing a search",
    "filter": "While typing a filter",
    "search": "In the search across logs",
    "table": "In the table",
    "checks": "Checks",
    "evidence": "In the evidence",
    "history": "History",
    "doctor": "Doctor",
    "guides": "Guides",
    "guide": "In a guide",
}


def commands(where: str) -> tuple[Command, ...]:
    """Return the commands of one screen or widget."""
    return tuple(command for command in _ALL if command.where == where)


def bindings(where: str) -> list[BindingType]:
    """Return the commands as Textual bindings, with the IDs for keymaps."""
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
    """Yield titles and commands available on a screen, nearest first."""
    around = ("app",) if place in PLACES else ()
    for where in (place, *_WIDGETS.get(place, ()), *around):
        yield _TITLES[where], commands(where)


def every_command() -> tuple[Command, ...]:
    """Return all commands."""
    return _ALL


def works_beside(command: Command) -> tuple[Command, ...]:
    """Return the other commands whose keys are active together with this one's."""
    reach = _reach(command.where)
    return tuple(
        other
        for other in _ALL
        if other is not command and (other.where in reach or command.where in _reach(other.where))
    )


def _reach(where: str) -> set[str]:
    """Return a place or widget with its ancestors, whose keys are active there too."""
    if where in {"dialog", "builders", "evidence", "guides"}:
        return {where}
    if where == "guide":
        return {"guide", "guides"}
    around = {place for place, widgets in _WIDGETS.items() if where in widgets}
    return {where, "app", *around}


_NAMED = {key.value for key in Keys} | set(KEY_NAME_REPLACEMENTS.values())
_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


def checked_keymap(keymap: Mapping[str, str]) -> dict[str, str]:
    """Return the keymap from the settings: command IDs to comma-separated keys.

    Raises UsageProblem for an unknown command, an unknown key, and a key with two meanings in
    one place.
    """
    known = {command.id: command for command in every_command()}
    for id, keys in keymap.items():
        if id not in known:
            guess = nearest(id, known)
            raise UsageProblem(
                f"keymap: unknown command '{id}'",
                fix=f"did you mean {guess}?"
                if guess
                else "use the ID of a command, such as plan.build",
                valid=" ".join(_near(id, known)),
            )
        for key in _split(keys):
            if not _is_key(key):
                raise UsageProblem(
                    f"keymap: '{key}' in {id} = '{keys}' is not a key",
                    fix="use a key such as g, f5, ctrl+a, shift+up, space or slash",
                )
    for command in known.values():
        for key in _keys_of(command, keymap):
            for other in works_beside(command):
                if other.id in keymap or command.id in keymap:
                    _refuse_clash(command, other, key, keymap)
    return {id: ",".join(_split(keys)) for id, keys in keymap.items()}


def _refuse_clash(command: Command, other: Command, key: str, keymap: Mapping[str, str]) -> None:
    if key in _keys_of(other, keymap):
        told, there = (command, other) if command.id in keymap else (other, command)
        raise UsageProblem(
            f"keymap: the key '{key}' of {told.id} is already used by {there.id} ({there.title})",
            fix=f"choose another key, or change {there.id} as well",
        )


def _near(id: str, known: Iterable[str]) -> list[str]:
    """Return the commands of the same place, or all if there is no such place."""
    prefix = id.partition(".")[0] + "."
    return [one for one in known if one.startswith(prefix)] or list(known)


def _keys_of(command: Command, keymap: Mapping[str, str]) -> list[str]:
    return _split(keymap.get(command.id, command.keys))


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",") if key.strip()]


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return False
    return len(last) == 1 or key in _NAMED or last in _NAMED or key_to_character(last) is not None
