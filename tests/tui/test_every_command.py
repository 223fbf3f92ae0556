"""Every command of the registry does what it says when its key is pressed, and only then.

Its first key is pressed; its other keys are bound to the same action of the same widget.
"""

from __future__ import annotations

import importlib

import pytest

from openhqm_tui.tui.command_table import every_command
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
CASES: dict[str, Case] = {}
for file in FILES:
    CASES |= importlib.import_module(f"tests.tui.cases.{file}").CASES

COMMANDS = every_command()


@pytest.mark.parametrize("command", COMMANDS, ids=[command.id for command in COMMANDS])
async def test_each_command_does_what_it_says(world: World, command):
    case = CASES.get(command.id)
    assert case is not None, f"{command.id} has no case in tests/tui/cases"
    made = case.make(world)
    app = world.app(made.run if made is not None and case.opened else None)
    try:
        async with app.run_test(size=case.size) as pilot:
            await settle(pilot)
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
    finally:
        if made is not None:
            made.release()


def test_no_case_is_for_a_command_that_is_gone():
    assert set(CASES) == {command.id for command in every_command()}
