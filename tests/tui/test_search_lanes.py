"""A search through all lanes: a match leads to its line."""

from __future__ import annotations

from textual.widgets import Input, Static

from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.search import SearchScreen
from openhqm_tui.tui.run.search_results import HitList
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.logs import long_log, pane, shown
from tests.tui.test_log_pane import SIZE


async def test_a_line_found_in_any_lane_is_opened_in_its_log(world: World):
    made = folders.running(world.state, folders.EIGHT)
    made.step("gcp", "[linux/arm64 extra 1/1] RUN odd", 9, log="x\n" * 50 + "a needle here\n")
    app = world.app(made.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("f", *"needle")
        await until(pilot, lambda: "1 line in 1 of 24 logs" in _sum(app))
        rows = [app.screen.query_one(HitList).render_line(y).text.strip() for y in range(2)]
        assert rows[0].startswith("gcp linux/arm64  1 line")
        assert rows[1].endswith("a needle here")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, SearchScreen))
        lanes = app.screen.query_one(LanePanes)
        log = lanes.panes["gcp", "linux/arm64"].log_pane
        await until(pilot, lambda: log.has_focus and "a needle here" in "\n".join(shown(log)))
        assert log.searched_for == "needle"
        assert lanes.panes["gcp", "linux/arm64"].display
        await pilot.press("f")
        await until(pilot, lambda: app.screen.query_one(Input).value == "needle")


async def test_matches_appear_during_the_build_and_a_click_opens_one(world: World):
    made = long_log(world)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("f", *"later")
        await until(pilot, lambda: _sum(app) == "no matches in 3 logs")
        made.step("redis", "[linux/arm64 app 2/2] RUN three", 5, log="later one\nlater two\n")
        await until(pilot, lambda: "2 lines in 1 of 3 logs" in _sum(app))
        await pilot.click(HitList, offset=(20, 2))
        await until(pilot, lambda: not isinstance(app.screen, SearchScreen))
        view = pane(app, 1).view
        assert view.text_at(view.here or 0) == "later two"


async def test_the_build_setup_log_is_searched_too(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f", *"^ERROR: target")
        await until(pilot, lambda: "1 line" in _sum(app))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, SearchScreen))
        lanes = app.screen.query_one(LanePanes)
        log = app.focused
        assert lanes.panes["kafka", "linux/arm64"].own
        assert log.view.text_at(log.view.here).startswith("ERROR: target")


async def test_a_run_resumed_meanwhile_is_searched_again(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        await pilot.press("f", *"solution")
        await until(pilot, lambda: "1 line in 1 of 6 logs" in _sum(app))
        # The new attempt, requested by another console, starts with empty logs.
        made.hold().start().begin("kafka", 20, attempt=2)
        await until(pilot, lambda: "no matches in 6 logs" in _sum(app))
        step = {"digest": "sha256:a", "name": "[linux/arm64 a 1/1] RUN make"}
        log = {"vertex": "sha256:a", "stream": 1, "data": "YSBzb2x1dGlvbgo="}
        made.write("kafka", {"vertexes": [step], "logs": [log]}, attempt=2)
        await until(pilot, lambda: "1 line in 1 of 6 logs" in _sum(app))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, SearchScreen))
        log = app.screen.query_one(LanePanes).panes["kafka", "linux/arm64"].log_pane
        await until(pilot, lambda: "a solution" in "\n".join(shown(log)))
    made.release()


async def test_opening_another_run_searches_that_one(world: World):
    made = folders.failed(world.state)
    other = folders.passed(world.state, ("redis",), id="20261124-1")
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("f", *"solution")
        await until(pilot, lambda: "1 line in 1 of 6 logs" in _sum(app))
        await pilot.press("down")
        app.session.open_run(other.run)
        await until(pilot, lambda: "no matches in 3 logs" in _sum(app))
        await pilot.press("tab", "down", "enter")
        assert isinstance(app.screen, SearchScreen)


async def test_an_invalid_or_empty_expression_is_reported_in_the_dialog(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("f")
        await until(pilot, lambda: _sum(app) == "Type to search 3 logs.")
        await pilot.press("[")
        await until(pilot, lambda: _sum(app).startswith("✗ invalid regular expression"))
        await pilot.press("enter")
        assert isinstance(app.screen, SearchScreen)
        await pilot.click("#search-close")
        assert not isinstance(app.screen, SearchScreen)


def _sum(app) -> str:
    found = app.screen.query("#search-sum")
    return str(found.first(Static).content) if found else ""
