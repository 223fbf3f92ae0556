"""Every command of the registry does what it promises when its key is pressed, and only then.

Its first key is pressed; its other keys are bound to the same action of the same widget.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from openhqm_tui.tui.command_table import every_command
from openhqm_tui.tui.commands.registry import Command
from tests.tui.cases import Case
from tests.tui.conftest import World, settle, until

FILES = (
    "everywhere",
    "plan",
    "builders",
    "run",
    "steps",
    "log",
    "table",
    "checks",
    "history",
    "doctor",
    "replay",
    "guides",
)
CASES: dict[str, dict[str, Case]] = {
    file: importlib.import_module(f"tests.tui.cases.{file}").CASES for file in FILES
}
COMMANDS = {command.id: command for command in every_command()}


def consoles() -> Iterator[Any]:
    """Yield groups of consecutive cases that share a console."""
    for file, cases in CASES.items():
        groups = itertools.groupby(cases.items(), lambda case: (case[1].make, *case[1][3:]))
        for number, (_, group) in enumerate(groups):
            yield pytest.param(dict(group), id=f"{file}-{number}")


@pytest.mark.parametrize("cases", consoles())
async def test_each_command_has_its_effect(world: World, cases: dict[str, Case]):
    first = next(iter(cases.values()))
    made = first.make(world)
    app = world.app(made.run if made is not None and first.opened else None)
    try:
        async with app.run_test(size=first.size) as pilot:
            await settle(pilot)
            for name, case in cases.items():
                try:
                    await check_effect(pilot, COMMANDS[name], case)
                except BaseException as problem:
                    problem.add_note(f"command {name}, after {list(cases)}")
                    raise
    finally:
        if made is not None:
            made.release()


async def check_effect(pilot: Pilot[int], command: Command, case: Case) -> None:
    app: Any = pilot.app
    for step in case.way:
        await pilot.press(step)
        await settle(pilot)
    assert not case.done(app), "true before the command: this test couldn't fail"
    first, *others = command.keys.split(",")
    bound = {
        key: (active.node, active.binding.action)
        for key, active in app.screen.active_bindings.items()
    }
    for other in others:
        assert bound[other] == bound[first], f"{other} does something else than {first}"
    if first:
        await pilot.press(first)
    else:
        await pilot.press("ctrl+p", *command.title.lower(), "enter")
    await until(pilot, lambda: case.done(app))


def test_commands_and_cases_match():
    assert sorted(name for cases in CASES.values() for name in cases) == sorted(COMMANDS)
