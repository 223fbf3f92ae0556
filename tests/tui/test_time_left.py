"""Estimates from earlier builds: durations on the Plan screen, the time left on the Run screen."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from openhqm_tui.tui.plan.summary import BuildLine
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.widgets.status_line import RunWord
from tests.tui import folders
from tests.tui.conftest import World, settle, until

SIZE = (120, 40)


def _before(world: World, *targets: str) -> None:
    """Add a run that built and verified the targets a day ago."""
    folders.passed(world.state, targets, id="20261122-151400-aa01", created=folders.T0 - 86400)


async def test_plan_shows_the_estimated_duration(world: World):
    _before(world, "redis")
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.estimates.samples)
        await pilot.press("down", "space")
        screen = app.screen
        # Only the native image: both together took 7.4 s.
        assert screen.plan_estimator.whole(screen.order).seconds == pytest.approx(5.6, abs=0.2)
        assert "about 0:06" in str(screen.query_one(BuildLine).query_one(Static).render())
        side = str(screen.query_one("#variant").render())
        assert "time" in side
        assert "amd64 about 0:0" in side
        # A target that was never built makes the estimate incomplete.
        await pilot.press("down", "space")
        assert not screen.plan_estimator.whole(screen.order).whole


async def test_plan_has_no_estimate_without_history(world: World):
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.estimates.samples == [])
        await pilot.press("a")
        assert app.screen.plan_estimator.whole(app.screen.order) is None


async def test_run_shows_the_time_left(world: World):
    _before(world, "redis", "kafka")
    world.now = folders.T0 + 3.0
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.estimates.time_left.of() is not None)
        await until(pilot, lambda: " left" in str(app.screen.query_one(RunWord).render()))
        targets = str(app.screen.query_one(Board).render())
        assert " left" in targets
        guess = app.session.estimates.time_left.of("redis")
        assert 0 < guess.seconds < 8
    made.release()


async def test_a_first_run_has_no_estimate(world: World):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.estimates.time_left.is_unknown)
        await until(
            pilot,
            lambda: "no estimate yet (first run)" in str(app.screen.query_one("#totals").render()),
        )
        assert "left" not in str(app.screen.query_one(RunWord).render())
    made.release()
