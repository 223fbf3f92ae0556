"""The console asks for the permissions a definition needs; none is granted by accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Button, Static

from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.permissions import Permission, PermissionsNeeded, PushNeeded
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.conftest import World, settle, until

MISSING = (
    Permission("network.host"),
    Permission("fs.read", "/home/me/outside"),
)
DESCRIPTION = "read ../outside"


def asks_for_permissions(world: World) -> Callable[[BuildOptions], RunFolder]:
    def begin(order: BuildOptions) -> RunFolder:
        if set(MISSING) - set(order.allow):
            raise PermissionsNeeded(MISSING, "/home/me/project")
        return folders.passed(world.state).run

    return begin


async def ask(pilot: Any) -> QuestionDialog:
    """Select the first cell, build, and return the dialog."""
    await settle(pilot)
    await pilot.press("space", "b")
    await until(pilot, lambda: isinstance(pilot.app.screen, QuestionDialog))
    assert isinstance(pilot.app.screen, QuestionDialog)
    return pilot.app.screen


async def press(pilot: Any, answer: str) -> None:
    pilot.app.screen.query_one(f"#{answer}", Button).press()
    await until(pilot, lambda: not isinstance(pilot.app.screen, QuestionDialog))
    await until(pilot, lambda: not pilot.app.workers or not _starting(pilot.app))


def _starting(app: Any) -> bool:
    return any(worker.group == "start" and worker.is_running for worker in app.workers)


async def test_the_dialog_lists_the_requested_permissions(world: World) -> None:
    world.begin = asks_for_permissions(world)
    async with world.app().run_test() as pilot:
        screen = await ask(pilot)
        text = str(screen.query_one(".dialog-text Static", Static).content)
        assert DESCRIPTION in text
        assert "use the host's network" in text
        focused = pilot.app.focused
        assert focused is not None
        assert focused.id == "no", "Enter by habit allows nothing"


@pytest.mark.parametrize(("answer", "remembered"), [("once", []), ("remember", [MISSING])])
async def test_a_granted_build_starts(
    world: World, answer: str, remembered: list[tuple[Permission, ...]]
) -> None:
    world.begin = asks_for_permissions(world)
    app = world.app()
    async with app.run_test() as pilot:
        await ask(pilot)
        await press(pilot, answer)
        await until(pilot, lambda: app.place is not None and app.place.PLACE == "run")
    first, second = world.orders
    assert (first.allow, second.allow) == ((), MISSING)
    assert world.remembered == remembered


@pytest.mark.parametrize("keys", [["enter"], ["escape"], ["right", "escape"]])
async def test_a_refused_build_does_not_start(world: World, keys: list[str]) -> None:
    world.begin = asks_for_permissions(world)
    app = world.app()
    async with app.run_test() as pilot:
        await ask(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, QuestionDialog))
        await pilot.pause()
        assert "nothing was built" in str(app.place.query_one("#summary", Static).content)
        assert app.place.PLACE == "plan"
    assert len(world.orders) == 1
    assert world.remembered == []


async def test_a_refused_permission_is_requested_again(world: World) -> None:
    world.begin = asks_for_permissions(world)
    async with world.app().run_test() as pilot:
        await ask(pilot)
        await press(pilot, "no")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionDialog))
    assert [order.allow for order in world.orders] == [(), ()]


@pytest.mark.parametrize(
    ("answer", "push", "no_push"), [("push", True, False), ("local", False, True)]
)
async def test_a_definition_that_pushes_needs_confirmation(
    world: World, answer: str, push: bool, no_push: bool
) -> None:
    def begin(order: BuildOptions) -> RunFolder:
        if not (order.push or order.no_push):
            raise PushNeeded(("pushes app to r.example/app:1",))
        return folders.passed(world.state).run

    world.begin = begin
    app = world.app()
    async with app.run_test() as pilot:
        screen = await ask(pilot)
        assert "r.example/app:1" in str(screen.query_one(".dialog-text Static", Static).content)
        await press(pilot, answer)
        await until(pilot, lambda: app.place is not None and app.place.PLACE == "run")
    assert (world.orders[-1].push, world.orders[-1].no_push) == (push, no_push)


async def test_a_hostile_path_stays_on_one_line(world: World) -> None:
    hostile = Permission("fs.read", "/x\x1b]52;c;aGk=\x07\n[red]Allow[/red]")

    def begin(order: BuildOptions) -> RunFolder:
        raise PermissionsNeeded((hostile,), "/home/me/project")

    world.begin = begin
    async with world.app().run_test() as pilot:
        screen = await ask(pilot)
        text = str(screen.query_one(".dialog-text Static", Static).content)
        assert "\x1b" not in text
        assert "read /x [red]Allow[/red]" in text


async def test_the_dialog_fits_a_small_terminal(world: World) -> None:
    world.begin = asks_for_permissions(world)
    async with world.app().run_test(size=(60, 20)) as pilot:
        screen = await ask(pilot)
        for button in screen.query(Button):
            assert screen.region.contains_region(button.region), button.id
