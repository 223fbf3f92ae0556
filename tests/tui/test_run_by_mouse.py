"""The Run screen operated by mouse, and in tiny terminals."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Static

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.tui.run.header import PagesLine
from openhqm_tui.tui.run.target_list import TargetList
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import _click_word, digest, panes, targets, visible


async def test_everything_can_be_done_by_mouse(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        grid, line = panes(app), app.screen.query_one(PagesLine)
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
        await _click_word(pilot, line, "z All panes")
        assert not any(pane.zoomed for pane in grid.visible_panes)
        head = grid.visible_panes[2].head
        await pilot.click(head, offset=(5, 0), times=2)
        await settle(pilot)
        assert grid.zoomed == ("redis", "linux/amd64")
        assert targets(app).chosen == "redis"
        await pilot.click(TargetList, offset=(5, 5), times=2)
        await settle(pilot)
        assert targets(app).chosen == "kafka"
        made.fail("kafka")
        await until(pilot, lambda: digest(app).display)
        await _click_word(pilot, digest(app).query_one(Static), "d Hide")
        assert not digest(app).display
    made.release()


async def test_the_wheel_moves_through_the_targets(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(80, 20)) as pilot:
        await settle(pilot)
        await pilot._post_mouse_events([MouseScrollDown], targets(app), (3, 3), button=0)
        await settle(pilot)
        assert targets(app).chosen == "redis"
        await pilot.press("end")
        await settle(pilot)
        assert targets(app).chosen == "minimal"
        assert "▌▸" not in targets(app).render().plain.split("\n")[0]
        assert "▌" in targets(app).render().plain.split("\n")[-2]
    made.release()


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (79, 24)])
async def test_on_narrow_screens_the_targets_are_a_strip(world: World, size):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert targets(app).size.height == 2
        assert len(visible(app)) >= 1
        strip = targets(app).render().plain.split("\n")[0]
        await pilot.click(TargetList, offset=(strip.index("kafka"), 0))
        await settle(pilot)
        assert targets(app).chosen == "kafka"
        for _ in range(7):
            await pilot.press("right")
        await settle(pilot)
        first, second = targets(app).render().plain.split("\n")
        assert "▌" in first
        assert "minimal" in first
        assert first.startswith("‹") == (size[0] < 70)
        assert "waiting" in second
        await pilot.press("h", "z", "z", "L", "d", "tab")
        await settle(pilot)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert targets(app).size.height > 20
    made.release()


async def test_a_run_can_be_shown_in_a_tiny_terminal(world: World):
    made = folders.Made(world.state, {"x": ("linux/amd64",)}).start().begin("x").fail("x")
    app = world.app(made.end(Outcome.FAILED, 9).run)
    async with app.run_test(size=(30, 8)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "z", "d", "d", "escape", "L")
        await settle(pilot)
        assert visible(app) == [("x", "linux/amd64")]
