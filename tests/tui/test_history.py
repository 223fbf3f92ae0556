"""The History screen beyond the list: trends, comparisons, and runs without folders."""

from __future__ import annotations

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.history.database import History, history_file
from openhqm_tui.tui.history.screen import ComparisonView, RunTable
from openhqm_tui.tui.history.trends import TrendView
from openhqm_tui.tui.widgets.table import CellTable
from tests.synthetic import synthetic_runs
from tests.tui import folders
from tests.tui.conftest import World, settle, until

SIZE = (120, 40)


def add_runs(world: World, many: int) -> None:
    """Put made-up runs without folders into the history."""
    world.state.mkdir(exist_ok=True)
    with History(world.state) as history:
        for run in synthetic_runs(many):
            history.put(run, 1)


def drawn(app, selector) -> str:
    """Return the text of a Static."""
    return str(app.screen.query_one(selector).render())


async def test_two_hundred_runs_are_listed_and_their_trends_opened_by_keys(world: World):
    add_runs(world, 200)
    folders.passed(world.state, ("redis",))
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 201)
        assert "201 runs" in drawn(app, "#history-summary")
        assert "of steps cached" in drawn(app, "#history-summary")
        await pilot.press("down", "t")
        await until(pilot, lambda: app.screen.view == "trends")
        view = app.screen.query_one(TrendView)
        assert len(view._series) >= 2
        chart = drawn(app, "#trend-chart")
        first = view._series[0]
        assert f"{first.variant} {first.platform}" in chart
        await pilot.press("down")
        second = view._series[1]
        await until(
            pilot, lambda: f"{second.variant} {second.platform}" in drawn(app, "#trend-chart")
        )
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.view == "runs")
        assert app.screen.query_one(RunTable).row == 1
        assert app.focused is app.screen.query_one(RunTable)


async def test_a_run_is_compared_with_the_one_before(world: World):
    folders.passed(world.state, ("redis",), id="20261121-1", created=folders.T0 - 86400)
    folders.passed(world.state, ("redis",))
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 2)
        await pilot.press("c")
        await until(pilot, lambda: app.screen.view == "comparison")
        assert f"20261121-1 → {folders.ID}" in drawn(app, "#comparison-lines")
        assert app.focused is app.screen.query_one(ComparisonView)
        await pilot.press("c")
        await until(pilot, lambda: app.screen.view == "runs")


async def test_runs_are_compared_with_the_marked_one(world: World):
    for day in range(3):
        folders.passed(
            world.state, ("redis",), id=f"2026112{day}-1", created=folders.T0 - 86400 * (9 - day)
        )
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 3)
        await pilot.press("x", "end")
        assert "◉ 20261122-1 marked: c compares with it" in drawn(app, "#history-summary")
        await pilot.press("c")
        await until(pilot, lambda: app.screen.view == "comparison")
        # The earlier run comes first, whichever was marked.
        assert "20261120-1 → 20261122-1" in drawn(app, "#comparison-lines")
        await pilot.press("escape", "home", "x")
        assert "Enter opens a run" in drawn(app, "#history-summary")


async def test_without_a_run_to_compare_with_a_hint_is_shown(world: World):
    folders.passed(world.state, ("redis",))
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4", "c")
        await until(pilot, lambda: app._notifications)
        assert "press x to mark a run" in next(iter(app._notifications)).message
        assert app.screen.view == "runs"


async def test_without_any_image_the_trends_are_empty(world: World):
    made = folders.Made(world.state, ("redis",)).start().begin("redis")
    made.finish("redis", Outcome.FAILED, 1.0).end(Outcome.FAILED, 2.0)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 1)
        await pilot.press("t")
        await until(pilot, lambda: app.screen.view == "trends")
        assert "no images built yet" in drawn(app, "#history-summary")


async def test_a_run_without_a_folder_keeps_its_figures(world: World):
    add_runs(world, 3)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 3)
        assert app.screen.marked.gone
        assert app.screen.check_action("open", ()) is None
        await app.screen.action_open()
        await until(pilot, lambda: app._notifications)
        assert "still work" in next(iter(app._notifications)).message
        assert app.session.run_folder is None
        await pilot.press("c")
        await until(pilot, lambda: app.screen.view == "comparison")


async def test_with_an_unusable_history_the_runs_are_still_listed(world: World):
    folders.passed(world.state, ("redis",))
    history_file(world.state).mkdir()
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 1)
        assert "can't be opened (Is a directory)" in drawn(app, "#history-summary")
        assert len(app.screen.query_one(CellTable)._rows) == 1


async def test_only_visible_rows_are_rendered(world: World):
    add_runs(world, 300)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: len(app.session.past_runs) == 300)
        table = app.screen.query_one(RunTable)
        made: list[int] = []
        rows = table._rows
        plain = type(rows)._cells

        def counted(self, run):
            made.append(1)
            return plain(self, run)

        type(rows)._cells = counted
        try:
            table.render()
        finally:
            type(rows)._cells = plain
        assert 0 < len(made) <= SIZE[1]
