"""Marking, selecting and copying lines of a log, and using the mouse."""

from __future__ import annotations

import re

from textual.events import MouseScrollUp
from textual.widgets import Input

from tests.tui.conftest import World, settle, until
from tests.tui.logs import foot, here, long_log, pane, shown
from tests.tui.test_log_pane import SIZE


async def test_marked_lines_are_copied_as_plain_text(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "e", "v", "j", "j")
        await until(pilot, lambda: "3 lines selected" in foot(log))
        assert [
            log.render_line(row.place - log.view.top[0]).text[0]
            for row in log.rows
            if row.place in log.view.marked
        ] == ["┃"] * 3
        await pilot.press("y")
        assert app.clipboard == "error: first\nwarning: not one\nfatal: second"
        assert any("copied 3 lines" in notice.message for notice in app._notifications)
        await until(pilot, lambda: world.copied == [app.clipboard])
        assert log.view.mark is None
        await pilot.press("t", "ctrl+c")
        assert app.clipboard == "0:02.0 fatal: second"


async def test_a_mouse_selection_is_copied_on_release(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app, 1)
        y = next(y for y, row in enumerate(shown(log)) if row == "gamma 77")
        await pilot.mouse_down(log, offset=(1 + 6, y))
        await pilot.hover(log, offset=(1 + 4, y + 2))
        assert not log.following, "a moving log can't be selected"
        await pilot.mouse_up(log, offset=(1 + 4, y + 2))
        assert app.clipboard == "77\ngamma 78\ngamma"
        assert any("copied 3 lines" in notice.message for notice in app._notifications)
        await pilot.press("escape")
        assert log.pick is None


async def test_a_selection_stays_in_its_pane(world: World):
    world.run_view = "panes"
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app, 1)
        await pilot.mouse_down(log, offset=(1, 2))
        await pilot.hover(pane(app), offset=(3, 3))
        await pilot.mouse_up(pane(app), offset=(3, 3))
        assert app.clipboard
        assert set(re.findall("[a-z]{3,}", app.clipboard)) <= {"gamma", "mma"}


async def test_two_clicks_copy_a_word_and_three_the_line(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        y = log.view.height - 1
        await pilot.click(log, offset=(2, y), times=2)
        assert app.clipboard == "wide"
        await pilot.click(log, offset=(2, y - 2), times=3)
        assert app.clipboard == "beta 78"


async def test_a_click_moves_the_cursor_once_the_log_is_not_followed(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.click(log, offset=(2, 1))
        assert log.following, "a click alone only takes the focus"
        await pilot.press("k")
        words = shown(log)[1]
        await pilot.click(log, offset=(2, 1))
        assert here(app) == words


async def test_the_wheel_and_the_scrollbar_scroll(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        top = log.view.top[0]
        await pilot._post_mouse_events([MouseScrollUp], log, offset=(5, 2))
        assert log.view.top[0] == top - 3
        bar = log.size.width - 1
        await pilot.mouse_down(log, offset=(bar, 0))
        assert log.view.top == (0, 0)
        await pilot.hover(log, offset=(bar, log.view.height - 1))
        await pilot.mouse_up(log, offset=(bar, log.view.height - 1))
        assert log.following


async def test_words_in_the_status_line_can_be_clicked(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("z", "k")

        async def click(words: str) -> None:
            await pilot.click(log, offset=(foot(log).index(words) + 2, log.size.height - 1))
            await pilot.pause()

        await click("e error")
        assert here(app) == "error: first"
        await click("x filter")
        assert "only standard error" in foot(log)
        await click("/ search")
        await until(pilot, lambda: isinstance(app.focused, Input))
