"""Every command of the console, once: key, footer, palette, help, tooltip and remap id."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding, BindingType

from openhqm_tui.tui.checks.commands import CHECKS
from openhqm_tui.tui.commands.everywhere import EVERYWHERE, TABLE
from openhqm_tui.tui.commands.registry import Command
from openhqm_tui.tui.doctor.commands import DOCTOR
from openhqm_tui.tui.guides.commands import GUIDES
from openhqm_tui.tui.history.commands import HISTORY
from openhqm_tui.tui.log.commands import LOG
from openhqm_tui.tui.plan.commands import BUILDERS, PLAN
from openhqm_tui.tui.replay.commands import REPLAY
from openhqm_tui.tui.run.commands import RUN, SEARCH
from openhqm_tui.tui.steps.commands import STEPS

_ALL: tuple[Command, ...] = (
    *EVERYWHERE,
    *REPLAY,
    *PLAN,
    *BUILDERS,
    *RUN,
    *LOG,
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
    "plan": ("matrix", "builders"),
    "run": ("targets", "digest", "steps", "log", "typed", "search"),
    "checks": ("table", "evidence"),
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
    "targets": "In the target list",
    "digest": "In the failure summary",
    "steps": "In the steps",
    "log": "In a log",
    "typed": "While typing a search",
    "search": "In the search of all logs",
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
    """Yield titles and commands of all that works on a screen, the nearest first."""
    around = ("app",) if place in PLACES else ()
    for where in (place, *_WIDGETS.get(place, ()), *around):
        yield _TITLES[where], commands(where)


def every_command() -> tuple[Command, ...]:
    """Return every command there is."""
    return _ALL


def works_beside(command: Command) -> tuple[Command, ...]:
    """Return the other commands whose keys work where this one's do."""
    reach = _reach(command.where)
    return tuple(
        other
        for other in _ALL
        if other is not command and (other.where in reach or command.where in _reach(other.where))
    )


def _reach(where: str) -> set[str]:
    """Return a place or widget with what is around it: its keys work there as well."""
    if where in {"dialog", "builders", "evidence", "guides"}:
        return {where}
    if where == "guide":
        return {"guide", "guides"}
    around = {place for place, widgets in _WIDGETS.items() if where in widgets}
    return {where, "app", *around}
