"""Every command of the registry, by each of its keys: it does what it says, and only then."""

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

KEYS = [(command, key) for command in every_command() for key in (command.keys.split(",") or [""])]


@pytest.mark.parametrize(
    ("command", "key"), KEYS, ids=[f"{command.id}-{key or 'palette'}" for command, key in KEYS]
)
async def test_each_key_does_what_its_command_says(world: World, command, key):
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
            assert not case.done(app), "true before the key: proves nothing"
            if key:
                await pilot.press(key)
            else:
                await pilot.press("ctrl+p", *command.title.lower(), "enter")
            await until(pilot, lambda: case.done(app))
    finally:
        if made is not None:
            made.release()


def test_no_case_is_for_a_command_that_is_gone():
    assert set(CASES) == {command.id for command in every_command()}
