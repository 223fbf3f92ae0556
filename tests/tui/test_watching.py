"""A console that only watches: what acts is refused, by key, by button and below both."""

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


def told(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


class FakeReadOnly(ReadOnlyBackend, FakeBackend):
    """A read-only backend over the fake world."""


def watcher(world: World, **more: Any) -> ReadOnlyApp:
    return ReadOnlyApp(FakeReadOnly(world), **more)


def test_these_commands_act() -> None:
    assert {command.id for command in every_command() if command.acts} == ACTS


def test_no_command_that_looks_has_the_action_of_one_that_acts() -> None:
    acting = {command.action for command in every_command() if command.acts}
    assert not [c.id for c in every_command() if c.action in acting and not c.acts]


async def test_nothing_is_built_by_key_or_button(world: World) -> None:
    app = watcher(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await pilot.press("b")
        assert REFUSED in told(app)
        await pilot.click("#build")
        plan = app.screen
        assert isinstance(plan, PlanScreen)
        await until(pilot, lambda: plan._refusal == REFUSED)
        assert world.orders == []


@pytest.mark.parametrize("key", ["r", "R", "u", "c", "C"])
async def test_nothing_is_asked_of_a_run(world: World, tmp_path: Path, key: str) -> None:
    run = copied("failed", world.state)
    app = watcher(world, run=run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        before = len(app.screen_stack)
        await pilot.press(key)
        await pilot.pause()
        assert len(app.screen_stack) == before
        assert world.asked == []


async def test_what_acts_is_greyed_out_and_what_looks_is_not(world: World) -> None:
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


def test_below_the_commands_everything_that_acts_is_refused(world: World) -> None:
    """Each method of the backend is in one of two lists."""
    reads = {
        *("now", "clock", "read_facts", "facts_of", "find_source", "source_at_once", "past"),
        *("examine", "builders", "look_for", "rights", "copy", "recording", "samples"),
        *("samples_before", "whole_run", "chosen_beyond", "warnings"),
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
    said: list[str] = []
    assert backend.apply_fix(None, said.append, Event()) is False  # type: ignore[arg-type]
    assert said == [REFUSED]
    assert world.fixed == []


async def test_leaving_a_live_run_offers_no_cancel(world: World) -> None:
    from openhqm_tui.tui.widgets.dialogs import _question

    for app, offered in ((watcher(world), False), (world.app(), True)):
        assert ("cancel" in [key for key, _ in _question(app.session)._answers]) is offered


def test_whoever_watches_has_no_host_called_but_the_one_of_the_settings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_for(_: object, image: str, platforms: Any, driver: str) -> Pullable:
        asked.append(image)
        return Pullable(Reach.OK)

    monkeypatch.setattr(FakeBackend, "look_for", look_for)
    world.defaults = BuildOptions({}, base_image="acme/base:1")
    backend = FakeReadOnly(world)
    assert backend.look_for("10.0.0.5:22/x:y", (), "docker") == Pullable(Reach.OTHER, REFUSED)
    assert backend.look_for("acme/base:1", (), "docker").reach is Reach.OK
    assert asked == ["acme/base:1"]
