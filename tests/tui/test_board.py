"""The board with live panes, as the default view of a run."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.run.follow.replay import Player, Recording
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.steps.waterfall import Waterfall
from tests.recordings import recording
from tests.tui import folders
from tests.tui.conftest import World, settle, until

MIDDLE, LARGE = (120, 40), (200, 60)
HUNDRED = tuple(f"service-{number:03}" for number in range(100))


def board(app: Any) -> Board:
    found: Board = app.place.query_one(Board)
    return found


def panes(app: Any) -> LanePanes:
    found: LanePanes = app.place.query_one(LanePanes)
    return found


def rows(app: Any) -> list[str]:
    return [line.rstrip() for line in board(app).render().plain.split("\n")]


def seen(app: Any) -> list[str]:
    return [" ".join(pane.lane.key) for pane in panes(app).visible_panes]


def body(pane: LanePane) -> str:
    if pane.has_class("-checks"):
        return str(pane.check_list.content)
    return "\n".join(pane.log_pane.render_line(y).text for y in range(pane.log_pane.size.height))


def shown(app: Any) -> str:
    """Return what the Run screen shows of the run: its board and its panes."""
    headings = [f"{pane.head.content}\n{body(pane)}" for pane in panes(app).visible_panes]
    return "\n".join([*rows(app), *headings])


@pytest.mark.parametrize("size", [(80, 24), MIDDLE])
async def test_something_changes_every_second_while_checks_run(world: World, size):
    player = Player(Recording(recording("verified")), clock=lambda: world.clock)
    app = world.app(player=player)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        state, checked = app.session.run_state, 0
        before = [shown(app)]
        while not player.finished:
            world.clock += 1.0
            await until(pilot, lambda: player.position >= min(world.clock, player.pace.length))
            # The clock of the console, which counts real seconds.
            app._second_passed()
            await pilot.pause()
            if any(lane.asking is not None for lane in state.lanes):
                checked += 1
                await until(pilot, lambda: shown(app) != before[-1])
            before.append(shown(app))
        assert checked > 20


async def test_nothing_is_updated_after_the_end_of_a_run(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        before = shown(app)
        world.now += 500
        app._second_passed()
        await pilot.pause()
        assert shown(app) == before


async def test_a_pane_shows_the_log_then_the_checks_then_the_result(world: World):
    made = folders.running(world.state, ("redis",))
    app = world.app(made.run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        amd = panes(app).panes["redis", "linux/amd64"]
        assert "fastapi" in body(amd)
        made.build("redis", 5).finish("redis", Outcome.PASSED, 9)
        made.run.append(events.CheckStarted(at=made.at(10), target="redis", platform="linux/amd64"))
        await until(pilot, lambda: "running all checks · 0:02" in body(amd))
        assert "◆ checking 0:02" in rows(app)[1]
        assert "· queued" in rows(app)[1]
        world.now += 5
        await until(pilot, lambda: "running all checks · 0:07" in body(amd))
        made.check("redis", "linux/amd64", 10)
        await until(pilot, lambda: "✓ verified  60.2 MB" in body(amd))
        assert "✓ index" in body(amd)
        # With the focus, the log takes the place of the checks.
        amd.check_list.focus()
        await until(pilot, lambda: amd.log_pane.has_focus)
        assert "compiled" in body(amd)
        await pilot.press("escape")
        await until(pilot, lambda: "✓ index" in body(amd))
    made.release()


async def test_live_panes_are_those_of_what_is_worked_on_and_keep_their_places(world: World):
    made = folders.Made(world.state, HUNDRED).hold().start()
    for name in HUNDRED[40:43]:
        made.begin(name).build(name, 3)
    app = world.app(made.run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        assert board(app).chosen == "service-040"
        await until(pilot, lambda: len(seen(app)) == 4)
        before = seen(app)
        assert before[:2] == ["service-040 linux/amd64", "service-040 linux/arm64"]
        assert before[2:] == ["service-041 linux/amd64", "service-041 linux/arm64"]
        made.build("service-041", 5).finish("service-041", Outcome.PASSED, 9)
        for platform in folders.BOTH:
            made.check("service-041", platform, 10)
        await until(pilot, lambda: "service-042 linux/arm64" in seen(app))
        assert seen(app) == [
            *before[:2],
            "service-042 linux/amd64",
            "service-042 linux/arm64",
        ]
        assert len(panes(app).panes) <= 8, "the others have no widgets"
    made.release()


async def test_a_pane_that_is_read_is_not_replaced(world: World):
    made = folders.Made(world.state, HUNDRED[:8]).hold().start()
    for name in HUNDRED[:4]:
        made.begin(name).build(name, 3)
    app = world.app(made.run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        before = seen(app)
        pane = panes(app).visible_panes[1]
        pane.read_log()
        await until(pilot, lambda: pane.log_pane.has_focus)
        made.build("service-000", 5).finish("service-000", Outcome.PASSED, 9)
        for platform in folders.BOTH:
            made.check("service-000", platform, 10)
        await until(pilot, lambda: seen(app)[0] != before[0])
        assert seen(app)[1:] == before[1:]
        assert pane.log_pane.has_focus
    made.release()


async def test_choosing_a_target_brings_its_panes(world: World):
    app = world.app(folders.running(world.state, folders.EIGHT).run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        await pilot.press("end")
        await until(pilot, lambda: {f"minimal {p}" for p in folders.BOTH} <= set(seen(app)))


async def test_all_panes_are_a_key_away_and_the_choice_is_remembered(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        assert len(seen(app)) < 16
        await pilot.press("Z")
        await until(pilot, lambda: len(seen(app)) == 16)
        assert not board(app).display
        assert world.run_view == "panes"
    app = world.app(made.run)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: len(seen(app)) == 16)
        await pilot.press("escape")
        await until(pilot, lambda: board(app).has_focus)
        assert board(app).display
        assert world.run_view == "board"
        await pilot.press("s")
        assert world.run_view == "steps"
    app = world.app(made.run)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.screen.query_one(Waterfall).has_focus)
    made.release()


async def test_the_board_is_filtered_by_a_part_of_the_names(world: World):
    app = world.app(folders.passed(world.state, folders.EIGHT).run)
    async with app.run_test(size=MIDDLE) as pilot:
        await settle(pilot)
        await pilot.press("slash", "m")
        await until(pilot, lambda: board(app).names == ["mqtt", "minimal"])
        assert board(app).chosen == "mqtt"
        await pilot.press("enter", "down")
        await until(pilot, lambda: board(app).chosen == "minimal")
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(board(app).names) == 8)
        assert board(app).chosen == "minimal"
        assert board(app).has_focus


@pytest.mark.parametrize("size", [(60, 20), (80, 24), MIDDLE, LARGE])
async def test_the_board_of_many_targets_is_scrolled(world: World, size):
    app = world.app(folders.passed(world.state, HUNDRED).run)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert "service-000" in rows(app)[1]
        room = len(rows(app)) - 1
        assert f"↓{100 - room}" in rows(app)[0]
        await pilot.press("end")
        await until(pilot, lambda: "service-099" in rows(app)[-1])
        assert f"↑{100 - room}" in rows(app)[0]
        await pilot.press("home")
        await until(pilot, lambda: "service-000" in rows(app)[1])


async def test_a_single_image_has_a_row_and_a_pane(world: World):
    made = folders.Made(world.state, {"redis": ("linux/amd64",)}).hold().start()
    made.begin("redis").build("redis", 3)
    app = world.app(made.run)
    async with app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        assert len(rows(app)) == 2
        assert seen(app) == ["redis linux/amd64"]
    made.release()


async def test_failures_of_one_cause_have_one_pane(world: World):
    made = folders.running(world.state, ("redis", "kafka", "sqs", "gcp"))
    app = world.app(made.run)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: len(seen(app)) == 8)
        made.fail("kafka").fail("sqs")
        waiting = app.session.run_state
        await until(pilot, lambda: waiting.targets["sqs"].status.is_over)
        active = panes(app)._active
        await until(pilot, lambda: len(active) == 6)
        causes = [told.cause for told in active.values() if told.cause]
        assert len(causes) == 2
        assert len(set(causes)) == 1
        panel = app.screen.query_one(FailurePanel)
        await until(pilot, lambda: "also   sqs: same step" in str(panel.query_one(Static).content))
    made.release()
