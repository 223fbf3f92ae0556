"""Actions on the Run screen: order, focus, retry, failure summary."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run.events import CancelRequested, Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.looks import SMALL


def panes(app: ConsoleApp) -> LanePanes:
    return app.screen.query_one(LanePanes)


def targets(app: ConsoleApp) -> Board:
    return app.screen.query_one(Board)


def digest(app: ConsoleApp) -> FailurePanel:
    return app.screen.query_one(FailurePanel)


def notices(app) -> str:
    return "\n".join(notice.message for notice in app._notifications)


def visible(app) -> list[tuple[str, str]]:
    return [pane.lane.key for pane in panes(app).visible_panes]


def shown(pane: LanePane) -> str:
    log = pane.log_pane
    return "\n".join(log.render_line(y).text.rstrip() for y in range(log.size.height))


def finish_and_check(made: folders.Made, target: str) -> None:
    made.finish(target, Outcome.PASSED, 10)
    for platform in made.rows[target]:
        made.check(target, platform, 10)


async def test_a_finished_lane_is_replaced_by_one_that_is_building(world: World):
    world.run_view = "panes"
    made = folders.running(world.state, folders.EIGHT[:6])
    app = world.app(made.run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        before = visible(app)
        assert before == panes(app).order[: len(before)]
        finish_and_check(made, "all")
        # Which lanes appear depends on whether all ends were seen at once.
        await until(pilot, lambda: not {key for key in visible(app) if key[0] == "all"})
        assert visible(app)[2:] == before[2:]
        added = [app.session.run_state.lane(*key) for key in visible(app)[:2]]
        assert [lane.status for lane in added] == [Status.RUNNING] * 2
        shown_first = list(panes(app).children)[: len(before)]
        assert shown_first == panes(app).visible_panes
        await pilot.press("o")
        await until(pilot, lambda: visible(app) == before)
        finish_and_check(made, "redis")
        await until(pilot, lambda: app.session.run_state.targets["redis"].status.is_over)
        await pilot.pause()
        assert visible(app) == before
    made.release()


@pytest.mark.parametrize("way", [("tab",), ("z",), ("right_square_bracket",)])
async def test_panes_stay_in_place_while_being_read(world: World, way):
    world.run_view = "panes"
    made = folders.running(world.state, folders.EIGHT[:6])
    app = world.app(made.run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press(*way)
        await settle(pilot)
        before = visible(app)
        finish_and_check(made, "all")
        finish_and_check(made, "redis")
        await until(pilot, lambda: app.session.run_state.targets["redis"].status.is_over)
        await pilot.pause()
        assert visible(app) == before
    made.release()


async def test_lanes_that_all_fit_never_move(world: World):
    world.run_view = "panes"
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(200, 60)) as pilot:
        await settle(pilot)
        before = visible(app)
        finish_and_check(made, "all")
        await until(pilot, lambda: app.session.run_state.targets["all"].status.is_over)
        await pilot.pause()
        assert visible(app) == before
        assert len(before) == 16
    made.release()


async def test_only_the_first_failure_takes_the_selection(world: World):
    made = folders.running(world.state, folders.EIGHT[:4])
    app = world.app(made.run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        made.fail("kafka")
        await until(pilot, lambda: digest(app).display)
        assert targets(app).chosen == "kafka"
        assert app.focused is targets(app)
        await until(pilot, lambda: ("kafka", "linux/arm64") in visible(app))
        made.fail("sqs")
        await until(pilot, lambda: app.session.run_state.targets["sqs"].status.is_over)
        await pilot.pause()
        assert targets(app).chosen == "kafka"
        assert notices(app) == ""
    made.release()


async def test_a_failure_is_only_notified_while_a_log_is_scrolled_up(world: World):
    made = folders.running(world.state, ("redis", "kafka"))
    many = "".join(f"line {number}\n" for number in range(300))
    made.step("redis", "[linux/amd64 extra 1/1] RUN seq 300", 9, log=many)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "g")
        await until(pilot, lambda: not panes(app).visible_panes[0].log_pane.following)
        made.fail("kafka")
        await until(pilot, lambda: "kafka failed" in notices(app))
        assert targets(app).chosen == "redis"
        assert not digest(app).display
        assert panes(app).focused_key == ("redis", "linux/amd64")
    made.release()


async def test_a_failure_is_only_notified_while_typing(world: World):
    made = folders.running(world.state, ("redis", "kafka"))
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        field = Input()
        await app.screen.mount(field)
        field.focus()
        await pilot.pause()
        made.fail("kafka")
        await until(pilot, lambda: "kafka failed" in notices(app))
        assert (app.focused, targets(app).chosen) == (field, "redis")
    made.release()


async def test_a_target_is_retried_and_its_new_attempt_is_shown(world: World):
    made = folders.Made(world.state, ("redis", "kafka")).hold().start()
    made.begin("redis").build("redis", 3).begin("kafka").fail("kafka")
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert targets(app).chosen == "kafka"
        await pilot.press("r")
        await until(pilot, lambda: world.requests == [Request("retry", "kafka")])
        made.begin("kafka", 8, attempt=2)
        again = {"digest": "sha256:again", "name": "[linux/amd64 core 1/1] RUN again"}
        log = {"vertex": "sha256:again", "stream": 1, "data": "dGhlIHNlY29uZCB0aW1lCg=="}
        made.write("kafka", {"vertexes": [again], "logs": [log]}, attempt=2)
        await until(pilot, lambda: "↻2" in targets(app).render().plain)
        pane = panes(app).panes[("kafka", "linux/amd64")]
        await until(pilot, lambda: "the second time" in shown(pane))
        assert "attempt 2" in str(pane.head.content)
        assert not digest(app).display
        await pilot.press("r")
        await pilot.pause()
        assert len(world.requests) == 1
    made.release()


async def test_all_failed_and_cancelled_targets_are_retried_together(world: World):
    made = folders.Made(world.state, ("redis", "kafka", "sqs")).start()
    made.begin("redis").build("redis", 5).finish("redis", Outcome.PASSED, 7)
    for platform in folders.BOTH:
        made.check("redis", platform, 7.6)
    made.begin("kafka").fail("kafka").begin("sqs").finish("sqs", Outcome.CANCELLED, 8)
    app = world.app(made.end(Outcome.CANCELLED, 9).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("R")
        wanted = {Request("retry", "kafka"), Request("retry", "sqs")}
        await until(pilot, lambda: set(world.requests) == wanted)
        assert "retrying kafka, sqs" in notices(app)


async def test_resuming_a_run_keeps_selection_and_zoom(world: World):
    made = folders.failed(world.state, folders.EIGHT[:4])
    app = world.app(made.run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("z")
        await settle(pilot)

        def ask(run: RunFolder, request: Request) -> None:
            world.requests.append(request)
            made.hold().start().begin(request.target, 20, attempt=2)

        app.session.backend.ask = ask
        await pilot.press("r")
        await until(pilot, lambda: app.session.run_state.targets["sqs"].attempt == 2)
        await until(pilot, lambda: app.session.run_is_live and panes(app).size)
        assert world.requests == [Request("retry", "sqs")]
        assert targets(app).chosen == "sqs"
        assert panes(app).zoomed == ("sqs", "linux/arm64")
    made.release()


async def test_a_target_being_stopped_cannot_be_cancelled_again(world: World):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        made.run.append(CancelRequested(at=made.at(9), target="redis"))
        await until(pilot, lambda: "stopping" in targets(app).render().plain)
        await pilot.press("c")
        await pilot.pause()
        assert len(app.screen_stack) == 1
        await pilot.press("down", "c")
        await pilot.pause()
        assert isinstance(app.screen, QuestionDialog)
    made.release()


async def test_confirming_a_cancel_after_the_end_requests_nothing(world: World):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await pilot.pause()
        for target in ("redis", "kafka"):
            finish_and_check(made, target)
        made.end(Outcome.PASSED, 12)
        await until(pilot, lambda: not app.session.run_is_live)
        await pilot.press("enter")
        await pilot.pause()
        assert world.requests == []


async def test_all_output_of_buildx_can_be_shown(world: World):
    made = folders.running(world.state, ("redis",))
    made.write(
        "redis",
        {"warnings": [{"vertex": "x", "short": "T2xkIHN5bnRheA==", "level": 1}]},
        "ERROR: the words of Buildx",
    )
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        pane = panes(app).visible_panes[0]
        await pilot.press("L")
        await until(pilot, lambda: "ERROR: the words of Buildx" in shown(pane))
        assert "! Old syntax" in shown(pane)
        assert "redis build setup log" in str(pane.head.content)
        made.step("redis", "exporting to image", 9, 10)
        await until(pilot, lambda: "exporting to image" in shown(pane))
        await pilot.press("L")
        await until(pilot, lambda: "core 1/2" in shown(pane))
    made.release()


async def test_a_failure_summary_is_scrolled_copied_and_left_by_keyboard(world: World):
    app = world.app(folders.failed(world.state).run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("shift+tab")
        await pilot.pause()
        assert digest(app).has_focus
        await pilot.press("end")
        await until(pilot, lambda: digest(app).scroll_y > 0)
        await pilot.press("y")
        await until(pilot, lambda: "copied the failure summary" in notices(app))
        text = app.clipboard
        assert text.startswith("✗ kafka failed · linux/arm64\n")
        assert "\x1b" not in text
        assert "RUN uv pip install -r requirements-queue-$QUEUE_BACKEND.txt" in text
        await pilot.press("escape")
        await pilot.pause()
        assert targets(app).has_focus


async def test_images_that_are_not_verified_have_a_failure_summary(world: World):
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis")
    made.finish("redis", Outcome.PASSED, 7.4).check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL)
    app = world.app(made.end(Outcome.FAILED, 9).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert digest(app).display
        text = str(digest(app).query_one(Static).content)
        assert "redis is not verified · linux/arm64" in text
        assert "clients fails" in text
        await _click_word(pilot, digest(app).query_one(Static), "3 Evidence")
        await until(pilot, lambda: app.place.PLACE == "checks")


async def _click_word(pilot, widget, word: str) -> None:
    # As drawn, because long lines are wrapped.
    lines = [widget.render_line(y).text for y in range(widget.size.height)]
    y = next(number for number, line in enumerate(lines) if word in line)
    await pilot.click(widget, offset=(lines[y].index(word) + 1 + widget.styles.padding.left, y))
    await settle(pilot)


async def test_the_failed_target_stays_visible_above_its_summary(world: World):
    app = world.app(folders.failed(world.state, ("all", "redis", "kafka")).run)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await until(pilot, lambda: digest(app).display and len(panes(app).visible_panes) == 1)
        await until(pilot, lambda: visible(app) == [("kafka", "linux/arm64")])
        await pilot.resize_terminal(82, 24)
        await settle(pilot)
        await pilot.pause()
        assert visible(app) == [("kafka", "linux/arm64")]
