"""Reading a log by keys and by mouse while it grows."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from openhqm_tui.tui.log.pane import SearchBar
from openhqm_tui.tui.log.text import Stamps
from openhqm_tui.tui.run.lane_pane import LanePane
from tests.tui.conftest import World, settle, until
from tests.tui.logs import WIDE, counted, foot, here, long_log, pane, shown

SIZE = (100, 30)


def count(app) -> str:
    return str(app.screen.query_one(".search-count", Static).content)


async def test_a_followed_log_has_no_status_line(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        assert foot(log) == ""
        assert log.view.height == log.size.height
        assert shown(log)[-1] == WIDE[: log.view.width - 1] + "›"


async def test_new_lines_are_counted_and_one_click_leads_to_them(world: World):
    made = long_log(world)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "pageup")
        before = shown(log)
        assert foot(log).endswith("⤓ end")
        made.step("redis", "[linux/amd64 app 2/2] RUN three", 5, log="new\n" * 30)
        await until(pilot, lambda: foot(log).endswith("⤓ 31 new"))
        assert shown(log) == before
        await pilot.click(log, offset=(log.size.width - 6, log.size.height - 1))
        await until(pilot, lambda: log.following)
        assert "new" in shown(log)[-1]


@pytest.mark.parametrize("change", ["w", "t", "z", "resize"])
async def test_the_current_line_stays_when_the_view_changes(world: World, change):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "pageup", "pageup")
        line = here(app)
        if change == "resize":
            await pilot.resize_terminal(140, 20)
        else:
            await pilot.press(change)
        await pilot.pause()
        assert here(app) == line
        assert line in "\n".join(shown(log))
        assert not log.following


async def test_a_growing_log_needs_no_layout(world: World):
    made = long_log(world)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        layouts: list[str] = []
        log, screen = pane(app), app.screen
        refresh = screen._refresh_layout

        def refresh_layout(*words, **more):
            layouts.append("layout")
            refresh(*words, **more)

        screen._refresh_layout = refresh_layout
        log.log_lines.add("one more", step=0, at=1.0, stream=1)
        log.flush()
        await until(pilot, lambda: "one more" in shown(log)[-1])
        assert layouts == []


async def test_a_hidden_pane_continues_its_search_when_shown_again(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "slash", *"alpha", "enter")
        await until(pilot, lambda: counted(log).endswith("80"))
        lane = app.screen.query(LanePane).first()
        lane.display = False
        await pilot.pause()
        for number in range(5):
            log.log_lines.add(f"alpha more {number}", step=0, at=1.0, stream=1)
        log.flush()
        await pilot.pause(0.1)
        assert counted(log).endswith("80…")
        lane.display = True
        log.show(log.log_lines)
        await until(pilot, lambda: counted(log).endswith("85"))


# Searching one log.


async def test_a_search_moves_to_the_nearest_match_and_back_when_cancelled(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "slash", *"ALPHA")
        await until(pilot, lambda: count(app) == "no matches")
        assert log.following
        await pilot.press(*["backspace"] * 5, *"alpha 4")
        await until(pilot, lambda: count(app) == "11/11")
        assert here(app) == "alpha 49", "the last match, as seen from the end"
        await pilot.press("0")
        await until(pilot, lambda: count(app) == "1/1")
        assert here(app) == "alpha 40"
        await pilot.press("escape")
        await until(pilot, lambda: log.following and not app.screen.query(SearchBar))
        assert log.has_focus
        assert foot(log) == ""


async def test_a_kept_search_is_shown_in_the_status_line_and_wraps_around(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "g", "slash", *"(alpha|beta) 79", "enter")
        await until(pilot, lambda: "/(alpha|beta) 79 1/2" in foot(log))
        await pilot.press("n")
        assert here(app) == "beta 79"
        await pilot.press("n")
        assert here(app) == "alpha 79"
        assert "wrapped to the start" in foot(log)
        await pilot.press("N")
        assert "wrapped to the end" in foot(log)
        await pilot.press("k")
        assert "again" not in foot(log)
        assert "–/2" in foot(log)
        await pilot.press("escape")
        assert "79" not in foot(log)


async def test_an_invalid_expression_is_reported_in_the_search_line(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("tab", "slash", *"(")
        await until(pilot, lambda: "✗ invalid regular expression: missing )" in count(app))
        await pilot.press(*"a+)+")
        await until(pilot, lambda: "could take forever" in count(app))
        await pilot.press("enter")
        assert pane(app).has_focus


async def test_new_lines_are_searched_as_they_arrive(world: World):
    made = long_log(world)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "slash", *"alpha 7$", "enter")
        await until(pilot, lambda: counted(log) == "1/1")
        made.step("redis", "[linux/amd64 app 2/2] RUN three", 5, log="alpha 7\n" * 3)
        await until(pilot, lambda: counted(log) == "1/4")
        assert here(app) == "alpha 7"


async def test_matches_are_marked_not_by_color_alone(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "g", "slash", *"alpha 7", "enter")
        await until(pilot, lambda: counted(log) == "1/11")
        await pilot.press("n")
        await until(pilot, lambda: counted(log) == "2/11")
        rows = [log.render_line(y) for y in range(log.view.height)]
        marked = {
            row.text.strip(" ▌▐"): [
                (segment.text, bool(segment.style.reverse), bool(segment.style.underline))
                for segment in row
                if segment.style and (segment.style.reverse or segment.style.underline)
            ]
            for row in rows
        }
        assert marked["alpha 70"] == [("alpha 7", True, False)]
        assert marked["alpha 71"] == [("alpha 7", False, True)]
        assert [row.text.strip(" ▐") for row in rows if row.text[0] == "▌"] == ["▌alpha 70"]


async def test_a_match_far_to_the_right_scrolls_only_its_line(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "slash", *"away", "enter")
        await until(pilot, lambda: shown(log)[-1].endswith("far away"))
        assert shown(log)[-1].startswith("‹")
        assert shown(log)[-2] == "beta 79"
        await pilot.press("k")
        assert shown(log)[-1].startswith("wide far")


async def test_a_search_is_kept_when_another_pane_is_clicked(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("tab", "slash", *"alpha 5")
        await pilot.click(pane(app, 1))
        await until(pilot, lambda: not app.screen.query(SearchBar))
        assert pane(app).searched_for == "alpha 5"
        assert pane(app, 1).has_focus


async def test_a_new_attempt_closes_the_search(world: World):
    made = long_log(world)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("tab", "slash", *"alpha 5")
        made.begin("redis", 8, attempt=2)
        await until(pilot, lambda: not app.screen.query(SearchBar))
        assert pane(app).search_cursor is None
        assert pane(app).following


# Errors, filter, times.


async def test_errors_are_visited_and_counted(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "e")
        await until(pilot, lambda: "✗ errors 1/2" in foot(log))
        assert here(app) == "error: first"
        await pilot.press("e")
        assert here(app) == "fatal: second"
        await pilot.press("E")
        assert here(app) == "error: first"
        await pilot.press("tab", "e")
        await until(pilot, lambda: "no errors" in foot(pane(app, 1)))
        assert pane(app, 1).following


async def test_the_filter_cycles_and_shows_its_state(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app)
        await pilot.press("tab", "e", "x")
        await until(pilot, lambda: "only standard error" in foot(log))
        assert [row for row in shown(log) if row] == [
            "error: first",
            "warning: not one",
            "fatal: second",
        ]
        await pilot.press("x")
        assert "only deps 2/2 RUN bad" in foot(log)
        assert shown(log)[0] == "▸ deps 2/2 RUN bad"
        assert here(app) == "error: first"
        await pilot.press("x")
        assert "only" not in foot(log)
        assert here(app) == "error: first"


async def test_a_filter_that_shows_nothing_says_so(world: World):
    world.run_view = "panes"
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        log = pane(app, 1)
        await pilot.press("tab", "tab", "x")
        assert shown(log)[0].strip() == "no output on standard error · x changes the filter"
        await pilot.press("x")
        assert "only deps 1/2 RUN one" in foot(log), "the step of the previous line"


async def test_times_and_wrapping_apply_to_all_lanes(world: World):
    app = world.app(long_log(world).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("tab", "t")
        await until(pilot, lambda: pane(app, 1).drawing.stamps is Stamps.SINCE)
        assert shown(pane(app))[-1].startswith("  0:03.0 wide far")
        assert shown(pane(app, 1))[-1].startswith("  0:03.0 gamma 79")
        await pilot.press("t")
        assert shown(pane(app))[-1].startswith("15:14:03 wide far")
        await pilot.press("t", "w")
        assert shown(pane(app))[-1].endswith("away")
        assert pane(app).render_line(pane(app).view.height - 1).text[0] == "↪"
        assert pane(app, 1).view.wrap
