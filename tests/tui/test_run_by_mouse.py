"""The Run screen operated by mouse, and in tiny terminals."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Static

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.header import PagesLine
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import _click_word, digest, panes, targets, visible


async def test_everything_can_be_done_by_mouse(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(120, 34)) as pilot:
        await settle(pilot)
        grid, line = panes(app), app.screen.query_one(PagesLine)
        await _click_word(pilot, line, "Z All panes")
        await _click_word(pilot, line, "] Next")
        assert (grid.page, grid.busiest_first) == (1, True)
        await _click_word(pilot, line, "[ Previous")
        assert (grid.page, grid.busiest_first) == (0, True)
        await _click_word(pilot, line, "o Plan order")
        assert (grid.page, grid.busiest_first) == (0, False)
        await _click_word(pilot, line, "L Build setup log")
        assert [pane.own for pane in grid.visible_panes[:1]] == [True]
        await _click_word(pilot, line, "L Image log")
        assert [pane.own for pane in grid.visible_panes[:1]] == [False]
        head = grid.visible_panes[1].head
        await pilot.click(head, offset=(head.size.width, 0))
        await settle(pilot)
        assert grid.zoomed == ("all", "linux/arm64")
        await _click_word(pilot, line, "z Restore")
        assert not any(pane.zoomed for pane in grid.visible_panes)
        head = grid.visible_panes[2].head
        await pilot.click(head, offset=(5, 0), times=2)
        await settle(pilot)
        assert grid.zoomed == ("redis", "linux/amd64")
        assert targets(app).chosen == "redis"
        await _click_word(pilot, line, "z Restore")
        await _click_word(pilot, line, "Z Board")
        await pilot.click(Board, offset=(5, 3), times=2)
        await settle(pilot)
        assert targets(app).chosen == "kafka"
        await _click_word(pilot, line, "z Restore")
        await pilot.resize_terminal(120, 60)
        made.fail("kafka")
        await until(pilot, lambda: digest(app).display)
        await settle(pilot)
        await _click_word(pilot, digest(app).query_one(Static), "d Hide")
        assert not digest(app).display
    made.release()


async def test_the_wheel_scrolls_the_targets(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(80, 20)) as pilot:
        await settle(pilot)
        assert "all" in targets(app).render().plain.split("\n")[1]
        await pilot._post_mouse_events([MouseScrollDown], targets(app), (3, 3), button=0)
        await settle(pilot)
        assert "redis" in targets(app).render().plain.split("\n")[1]
        assert targets(app).chosen == "all", "a view of others doesn't change what c cancels"
        await pilot.press("end")
        await settle(pilot)
        assert targets(app).chosen == "minimal"
        assert "▌" in targets(app).render().plain.split("\n")[-1]
    made.release()


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (79, 24)])
async def test_on_narrow_screens_the_board_has_no_bars(world: World, size):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert len(visible(app)) >= 1
        lines = targets(app).render().plain.split("\n")
        assert all(len(line) <= size[0] for line in lines)
        assert ("█" in lines[1]) == (size[0] > 70)
        assert "▸" in lines[1].replace("▌▸", "")
        await pilot.click(Board, offset=(5, 3))
        await settle(pilot)
        assert targets(app).chosen == "kafka"
        for _ in range(7):
            await pilot.press("right")
        await settle(pilot)
        last = targets(app).render().plain.split("\n")[-1]
        assert last.startswith("▌· minimal")
        await pilot.press("h", "z", "z", "L", "d", "tab")
        await settle(pilot)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert targets(app).size.height == 9
    made.release()


async def test_a_run_can_be_shown_in_a_tiny_terminal(world: World):
    made = folders.Made(world.state, {"x": ("linux/amd64",)}).start().begin("x").fail("x")
    app = world.app(made.end(Outcome.FAILED, 9).run)
    async with app.run_test(size=(30, 8)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "z", "d", "d", "escape", "L")
        await settle(pilot)
        assert visible(app) == [("x", "linux/amd64")]
