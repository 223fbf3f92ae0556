"""The steps of a target on the Run screen: by key, by mouse, while they run."""

from __future__ import annotations

import time

from textual.widgets import Static

from openhqm_tui.domain.run.critical_path import critical_path
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.steps.run_chart import RunChart
from openhqm_tui.tui.steps.target_chart import TargetChart
from openhqm_tui.tui.steps.view import StepHeader, StepView
from openhqm_tui.tui.steps.waterfall import Waterfall
from tests.domain.graphs import T0, S, target_of
from tests.tui import folders
from tests.tui.conftest import World, settle, until

WIDE = (120, 40)


def view(app: ConsoleApp) -> StepView:
    return app.screen.query_one(StepView)


def waterfall(app: ConsoleApp) -> Waterfall:
    return app.screen.query_one(Waterfall)


def text(app) -> str:
    """Return the text of the waterfall on screen."""
    shown = waterfall(app)
    return "\n".join(shown.render_line(y).text for y in range(shown.size.height))


def detail(app: ConsoleApp) -> str:
    return str(app.screen.query_one("#steps-detail Static", Static).content)


def mark(app, words: str) -> int:
    """Return the index of the line of the waterfall that contains `words`."""
    return next(y for y, line in enumerate(text(app).splitlines()) if words in line)


async def test_steps_replace_the_lanes_and_are_closed_again(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        assert not view(app).display
        await pilot.press("s")
        await settle(pilot)
        assert view(app).display
        assert waterfall(app).has_focus
        assert not app.screen.query_one(LanePanes).display
        assert app.screen.query_one(Board).region.width > 20
        assert "linux/amd64 · native" in text(app)
        assert "core 1/2 RUN uv pip" in text(app)
        assert app.screen.check_action("zoom", ()) is False
        await pilot.press("s")
        await settle(pilot)
        assert not view(app).display
        assert app.screen.query_one(Board).has_focus
        assert app.screen.query_one(LanePanes).visible_panes


async def test_in_80_columns_steps_have_the_full_width(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert waterfall(app).region.width == 80
        assert "redis" in app.screen.query_one(StepHeader).content.plain
        await pilot.press("J")
        await settle(pilot)
        assert "kafka" in app.screen.query_one(StepHeader).content.plain


async def test_the_cursor_stays_on_its_step_while_others_are_added(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis")
    made.step("redis", "[linux/amd64 b 1/2] RUN one", 5)
    app = world.app(made.run)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await settle(pilot)
            await pilot.press("s", "down")
            await settle(pilot)
            assert "b 1/2" in detail(app)
            assert "▸ b 1/2 RUN one" in text(app)
            made.step("redis", "[linux/amd64 a 1/1] RUN zero", 1, 2)
            made.step("redis", "[linux/amd64 b 1/2] RUN one", 5, 6)
            await until(pilot, lambda: "a 1/1" in text(app))
            assert mark(app, "a 1/1") < mark(app, "b 1/2")
            assert "● done · b 1/2" in detail(app)
            assert "» ● b 1/2 RUN one" in text(app)
    finally:
        made.release()


async def test_an_open_bar_grows_with_the_clock(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis", 0)
    made.step("redis", "[linux/amd64 b 1/1] RUN one", 0)
    app = world.app(made.run)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await settle(pilot)
            await pilot.press("s")
            await settle(pilot)
            assert "0:12" in text(app)
            world.now += 30
            await until(pilot, lambda: "0:42" in text(app))
            assert text(app).splitlines()[mark(app, "b 1/1")].rstrip().endswith("▸")
    finally:
        made.release()


async def test_a_click_selects_a_row_and_two_open_its_log(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        row = mark(app, "core 2/2")
        await pilot.click(Waterfall, offset=(10, row))
        await settle(pilot)
        assert waterfall(app).row == row - 1
        assert "core 2/2" in detail(app)
        await pilot.click(Waterfall, offset=(10, 0))
        assert waterfall(app).row == row - 1
        await pilot.click(Waterfall, offset=(10, row), times=2)
        await settle(pilot)
        panes = app.screen.query_one(LanePanes)
        assert panes.zoomed == ("redis", "linux/amd64")
        log = panes.panes[panes.zoomed].log_pane
        await until(pilot, lambda: len(log.view) > 0)
        assert "core 2/2" in log.view.text_at(log.view.index_of(0))
        lines = [log.view.text_at(log.view.index_of(n)) for n in range(len(log.view))]
        assert "1204 files compiled" in lines
        assert not any("fastapi" in line for line in lines)


async def test_a_step_without_a_lane_opens_the_build_setup_log(world: World):
    made = folders.passed(world.state, ("redis",))
    made.step("redis", "[internal] load build definition from Dockerfile", 0.5, 0.6)
    app = world.app(made.run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("s", "end")
        assert "load build definition" in detail(app)
        await pilot.press("enter")
        await settle(pilot)
        panes = app.screen.query_one(LanePanes)
        assert panes.panes[panes.zoomed].own


async def test_the_whole_run_is_opened_by_key_and_click_and_left_to_a_target(world: World):
    app = world.app(folders.passed(world.state, ("redis", "kafka", "sqs")).run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.click(
            "#pages", offset=(app.screen.query_one("#pages").content.plain.index(" s ") + 2, 0)
        )
        await settle(pilot)
        head = app.screen.query_one(StepHeader)
        words = head.content.plain.splitlines()[1]
        await pilot.click(StepHeader, offset=(1 + words.index("a Whole run"), 1))
        await settle(pilot)
        assert view(app).whole
        assert "whole run  3 targets · 6 images" in head.content.plain
        assert [line.split()[1:3] for line in text(app).splitlines()[1:7]] == [
            [name, platform]
            for name in ("redis", "kafka", "sqs")
            for platform in ("linux/amd64", "linux/arm64")
        ]
        assert "▒" in text(app)
        await pilot.press("J")
        await settle(pilot)
        assert waterfall(app).row == 2
        await pilot.press("down", "down", "down", "enter")
        await settle(pilot)
        assert not view(app).whole
        assert app.screen.query_one(Board).chosen == "sqs"
        assert "image" in detail(app)
        assert "linux/arm64" in detail(app)
        await pilot.press("a", "escape")
        assert not view(app).whole
        await pilot.press("escape")
        await settle(pilot)
        assert not view(app).display


async def test_a_failure_does_not_close_the_steps(world: World):
    made = folders.running(world.state)
    app = world.app(made.run)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await settle(pilot)
            await pilot.press("s", "down", "down")
            await settle(pilot)
            made.fail("kafka")
            await until(pilot, lambda: app.session.run_state.targets["kafka"].outcome)
            await settle(pilot)
            assert app.screen.query_one(Board).chosen == "redis"
            assert waterfall(app).has_focus
            assert waterfall(app).row == 2
    finally:
        made.release()


async def test_zooming_a_target_shows_its_lane_again(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        app.screen.query_one(Board).focus()
        await pilot.press("down", "enter")
        await settle(pilot)
        assert not view(app).display
        assert app.screen.query_one(LanePanes).zoomed == ("kafka", "linux/amd64")


async def test_without_a_run_there_are_no_steps(world: World):
    app = world.app()
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("2", "s")
        await settle(pilot)
        assert not app.screen.has_class("-steps")


async def test_a_new_attempt_starts_with_empty_steps(world: World):
    made = folders.running(world.state, ("redis",))
    app = world.app(made.run)
    try:
        async with app.run_test(size=WIDE) as pilot:
            await settle(pilot)
            await pilot.press("s", "end")
            await settle(pilot)
            assert waterfall(app).row > 5
            made.begin("redis", 20, attempt=2)
            await until(pilot, lambda: app.session.run_state.targets["redis"].attempt == 2)
            await until(pilot, lambda: waterfall(app).row < 2)
            assert "no steps yet" in app.screen.query_one(StepHeader).content.plain
    finally:
        made.release()


async def test_the_failed_step_is_selected_first(world: World):
    app = world.app(folders.failed(world.state).run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "✗ failed · backend 1/1" in detail(app)
        assert "exit code: 1" in detail(app)


async def test_a_target_that_never_started_has_no_steps(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start()
    app = world.app(made.run)
    try:
        async with app.run_test(size=(60, 20)) as pilot:
            await settle(pilot)
            await pilot.press("s", "down", "enter", "s", "x", "end", "full_stop", "a", "enter")
            await settle(pilot)
            assert "queued" in app.screen.query_one(StepHeader).content.plain
    finally:
        made.release()


async def test_every_line_has_the_width_of_the_screen_however_long_its_names(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis", 0)
    for name in ("a", "a-name-of-a-stage-that-is-longer-than-all-columns", "長い名前" * 10):
        made.step("redis", f"[linux/amd64 {name} 1/1] RUN {name}", 1)
    app = world.app(made.run)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("s")
            await settle(pilot)
            shown = waterfall(app)
            for y in range(5):
                strip = shown.render_line(y)
                assert strip.cell_length == sum(s.cell_length for s in strip) == 80
                assert y < 2 or strip.text.endswith("▸")
    finally:
        made.release()


async def test_only_visible_rows_are_drawn(world: World, monkeypatch):
    made = folders.passed(world.state, ("redis",))
    for number in range(500):
        made.step("redis", f"[linux/amd64 more {number + 1}/500] RUN it", 1, 2)
    drawn: list[int] = []
    row = TargetChart.row

    def recorded(chart: TargetChart, at: int) -> object:
        drawn.append(at)
        return row(chart, at)

    monkeypatch.setattr(TargetChart, "row", recorded)
    app = world.app(made.run)
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        drawn.clear()
        await pilot.press("end")
        await settle(pilot)
        assert len(set(drawn)) <= waterfall(app).size.height
        chart = waterfall(app).chart
        assert chart is not None
        assert max(drawn) == len(chart.keys) - 1


def test_five_hundred_steps_of_many_lanes_take_a_few_milliseconds():
    words = "386 amd64 amd64/v2 amd64/v3 amd64/v4 arm/v5 arm/v6 arm/v7 arm64 loong64 mips64le"
    platforms = tuple(f"linux/{word}" for word in [*words.split(), "ppc64le", "riscv64", "s390x"])
    steps = [
        S(
            f"[{platform} stage{number // 5} {number % 5 + 1}/5] RUN it",
            f"{platform}-{number - 1} {platform}-{number - 2}",
            ((number, number + 1),),
            digest=f"{platform}-{number}",
        )
        for platform in platforms
        for number in range(36)
    ]
    target = target_of(*steps, platforms=platforms)
    assert len(critical_path(target)) == 36

    def once() -> float:
        start = time.thread_time()
        chart = TargetChart(target, T0 + 40)
        for index in range(50):
            chart.row(index)
        chart.head(100)
        RunChart(target.run, T0 + 40).head(100)
        return time.thread_time() - start

    # The machine may be busy with something else, so the fastest try counts.
    assert min(once() for _ in range(20)) < 0.025


async def test_the_failure_summary_is_shown_with_the_steps_at_80_columns(world: World):
    app = world.app(folders.failed(world.state).run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        panel = app.screen.query_one(FailurePanel)
        await until(pilot, lambda: panel.display and waterfall(app).size.height >= 6)
        assert panel.region.bottom <= 22
        assert view(app).region.bottom <= panel.region.y
        await pilot.press("d")
        await until(pilot, lambda: not panel.display and waterfall(app).size.height > 9)
