"""A read-only console refuses actions by key, by button and in the backend."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.command_table import every_command
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.plan.screen import PlanScreen
from openhqm_tui.tui.read_only import REFUSED, ReadOnlyApp, ReadOnlyBackend
from openhqm_tui.tui.widgets.key_line import KeyLine
from tests.recordings import copied
from tests.tui.conftest import FakeBackend, World, settle, until

ACTS = {
    *("plan.build", "matrix.build", "builders.new", "builders.remove"),
    *("run.retry", "run.retry-all", "run.resume", "run.cancel-target", "run.cancel"),
    *("checks.again", "checks.again-lane", "checks.again-all", "evidence.again"),
    *("history.resume", "history.cancel", "history.report"),
    *("doctor.fix", "doctor.fix-all", "doctor.stop"),
}


def notifications(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


class FakeReadOnly(ReadOnlyBackend, FakeBackend):
    """A read-only backend over the fake world."""


def watcher(world: World, **more: Any) -> ReadOnlyApp:
    return ReadOnlyApp(FakeReadOnly(world), **more)


def test_the_list_of_acting_commands_is_complete() -> None:
    assert {command.id for command in every_command() if command.acts} == ACTS


def test_no_viewing_command_shares_its_action_with_an_acting_one() -> None:
    acting = {command.action for command in every_command() if command.acts}
    assert not [c.id for c in every_command() if c.action in acting and not c.acts]


async def test_nothing_is_built_by_key_or_button(world: World) -> None:
    app = watcher(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await pilot.press("b")
        assert REFUSED in notifications(app)
        await pilot.click("#build")
        plan = app.screen
        assert isinstance(plan, PlanScreen)
        await until(pilot, lambda: plan._refusal == REFUSED)
        assert world.orders == []


@pytest.mark.parametrize("key", ["r", "R", "u", "c", "C"])
async def test_no_request_is_sent_to_a_run(world: World, tmp_path: Path, key: str) -> None:
    run = copied("failed", world.state)
    app = watcher(world, run=run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        before = len(app.screen_stack)
        await pilot.press(key)
        await pilot.pause()
        assert len(app.screen_stack) == before
        assert world.requests == []


async def test_acting_commands_are_grayed_out_and_viewing_ones_are_not(world: World) -> None:
    app = watcher(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        enabled = {key.title: key.enabled for key in app.screen.query_one(KeyLine)._keys()}
        assert enabled["Build"] is False
        assert enabled["All"] is True
        assert "read-only" in str(app.screen.query_one("StatusLine").render())


async def test_the_demo_can_be_watched(world: World) -> None:
    app = watcher(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("D")
        await until(pilot, lambda: app.session.player is not None)


def test_the_backend_refuses_every_action(world: World) -> None:
    """Each method of the backend is in one of the two lists."""
    reads = {
        *("now", "clock", "read_facts", "facts_of", "find_source", "source_at_once", "past"),
        *("examine", "builders", "look_for", "rights", "copy", "recording", "samples"),
        *("samples_before", "whole_run", "chosen_beyond", "warnings", "run_view"),
        # Ignored without a message: visitors may look at what they like.
        "remember_run_view",
    }
    acts = {
        *("start", "ask", "apply_fix", "page", "create_builder", "remove_builder", "report"),
        "remember_allowed",
    }
    methods = {name for name, value in vars(Backend).items() if callable(value)}
    assert {name for name in methods if not name.startswith("_")} == reads | acts
    backend = FakeReadOnly(world)
    for name in acts - {"apply_fix"}:
        with pytest.raises(UsageProblem, match=REFUSED):
            getattr(backend, name)(None, Request("cancel"))
    output: list[str] = []
    assert backend.apply_fix(None, output.append, Event()) is False  # type: ignore[arg-type]
    assert output == [REFUSED]
    assert world.fixed == []


async def test_quitting_during_a_run_offers_no_cancel(world: World) -> None:
    from openhqm_tui.tui.widgets.dialogs import _question

    for app, offered in ((watcher(world), False), (world.app(), True)):
        assert ("cancel" in [key for key, _ in _question(app.session)._answers]) is offered


def test_a_read_only_console_contacts_only_the_registry_of_the_settings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = []

    def look_for(_: object, image: str, platforms: Any, driver: str) -> Pullable:
        looked_up.append(image)
        return Pullable(Reach.OK)

    monkeypatch.setattr(FakeBackend, "look_for", look_for)
    world.defaults = BuildOptions({}, base_image="acme/base:1")
    backend = FakeReadOnly(world)
    assert backend.look_for("10.0.0.5:22/x:y", (), "docker") == Pullable(Reach.OTHER, REFUSED)
    assert backend.look_for("acme/base:1", (), "docker").reach is Reach.OK
    assert looked_up == ["acme/base:1"]
