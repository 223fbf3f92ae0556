"""A run whose runner died or whose folder was removed: messages, and resuming."""

from __future__ import annotations

import shutil
from functools import partial

from textual.widgets import Static

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.header import InterruptedPanel, cut_off_words
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from openhqm_tui.tui.widgets.table import CellTable
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import notices

SIZE = (120, 40)


def banner(app) -> str:
    found = app.screen.query_one(InterruptedPanel)
    return str(found.content) if found.display else ""


def is_at(app, place: str) -> bool:
    return app.place is not None and place == app.place.PLACE


def listed(app) -> str:
    return str(app.screen.query_one(Board).render().plain)


async def test_a_dead_runner_is_reported_and_the_run_is_resumed(world: World):
    made = folders.running(world.state, ("redis", "kafka", "sqs"))
    made.finish("redis", Outcome.FAILED, 5)
    app = world.app(made.run)

    def ask(run: RunFolder, request: Request) -> None:
        world.requests.append(request)
        made.hold().start().begin("kafka", 20, attempt=2)

    app.session.backend.ask = ask
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert banner(app) == ""
        assert app.screen.check_action("resume", ()) is False
        made.release()
        await until(pilot, lambda: "Interrupted at 1/3: the runner died" in banner(app))
        assert "Buildx may still be running" in banner(app)
        assert app.session.watch.idle
        assert "! interrupted" in str(app.screen.query_one("#run-word", Static).content)
        await until(pilot, lambda: "! kafka" in listed(app))
        assert "interrupted" in listed(app)
        head = app.screen.query_one(LanePanes).panes["kafka", "linux/amd64"].head
        assert "interrupted" in str(head.content)
        await pilot.press("c")
        await pilot.pause()
        assert len(app.screen_stack) == 1
        await pilot.press("u")
        await until(pilot, lambda: app.session.run_is_live and banner(app) == "")
        assert world.requests == [Request("resume")]
        await until(pilot, lambda: "↻2" in listed(app))
    made.release()


async def test_resume_in_the_banner_can_be_clicked(world: World):
    made = folders.running(world.state, ("redis",))
    made.release()
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: "u Resume" in banner(app))
        lines = banner(app).split("\n")
        at = lines[1].index("u Resume")
        await pilot.click(InterruptedPanel, offset=(at + 2, 1))
        await until(pilot, lambda: world.requests == [Request("resume")])


def test_a_run_that_cannot_be_resumed_offers_no_resume(world: World):
    made = folders.Made(world.state).start().begin("redis")
    words = cut_off_words(read_run(made.run), resumable=False).plain
    assert words == "! Interrupted at 0/2: the runner died."
    assert "u Resume" in cut_off_words(read_run(made.run), resumable=True).plain


async def test_a_cancelled_run_can_be_resumed(world: World):
    made = folders.Made(world.state, ("redis", "kafka")).start()
    made.begin("redis").finish("redis", Outcome.CANCELLED, 3)
    app = world.app(made.end(Outcome.CANCELLED, 4).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.screen.check_action("resume", ()))
        assert banner(app) == ""
        await pilot.press("u")
        await until(pilot, lambda: world.requests == [Request("resume")])


async def test_a_run_with_nothing_left_cannot_be_resumed(world: World):
    app = world.app(folders.failed(world.state, ("redis",)).run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert app.session.run_state.targets["redis"].status is Status.FAILED
        lanes = {lane.status for lane in app.session.run_state.lanes}
        assert Status.CANCELLED in lanes, "stopped because the other platform failed"
        assert app.screen.check_action("resume", ()) is not True


async def test_history_resumes_and_cancels_runs_and_shows_interrupted_ones(world: World):
    past = folders.passed(world.state, id="20261121-1", created=folders.T0 - 90_000)
    cut = folders.Made(world.state, ("sqs",), id="20261122-1").start().begin("sqs")
    made = folders.running(world.state)
    app = world.app(past.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        table = app.screen.query_one(CellTable)
        await until(pilot, lambda: "! interrupted" in table.render().plain)
        lines = table.render().plain.split("\n")
        assert "▸ running" in lines[1]
        assert "20261122-1" in lines[2]
        assert "✓ verified" in lines[3]
        await pilot.press("C")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        await pilot.press("enter")
        await until(pilot, lambda: world.requests == [Request("cancel")])
        assert '"cancel"' in made.run.control_file.read_text()
        made.release()
        await until(pilot, lambda: table.render().plain.count("! interrupted") == 2)
        await pilot.press("down", "u")
        await until(pilot, lambda: app.place is not None and app.place.PLACE == "run")
        await until(pilot, lambda: world.requests == [Request("cancel"), Request("resume")])
        assert app.session.run_folder.path == cut.run.path
        assert '"resume"' in cut.run.control_file.read_text()


async def test_the_removal_of_the_open_run_is_reported_once(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        shutil.rmtree(made.run.path)
        await until(pilot, lambda: "run folder " in notices(app))
        assert "kafka" in listed(app)
        app.clear_notifications()
        await pilot.press("r")
        await until(pilot, lambda: "can't carry out the request: run folder" in notices(app))
        await pilot.press("p")
        await until(pilot, lambda: "the log is in" in notices(app))
        for key, place in (("3", "checks"), ("4", "history"), ("5", "doctor"), ("2", "run")):
            await pilot.press(key)
            await until(pilot, partial(is_at, app, place))
        assert notices(app).count("its folder was removed; what was read") == 0


async def test_the_removal_of_a_live_run_is_reported(world: World):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        shutil.rmtree(made.run.path)
        await until(pilot, lambda: "run folder " in notices(app))
        assert not app.session.run_is_live
    made.release()


async def test_a_removed_run_in_the_list_is_not_opened(world: World):
    gone = folders.passed(world.state, id="20261122-1")
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        shutil.rmtree(gone.run.path)
        await pilot.press("enter")
        await until(pilot, lambda: "run folder 20261122-1 was removed" in notices(app))
        assert app.place.PLACE == "history"
        assert app.session.run_folder is None


async def test_a_long_silence_is_shown_and_notified_once(world: World):
    made = folders.running(world.state)
    world.now = made.at(314)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        made.run.append(
            events.OutputStalled(at=made.at(302), target="redis", since=made.at(2), step="core 2/2")
        )
        await until(pilot, lambda: "◌ silent   5:12" in listed(app))
        head = app.screen.query_one(LanePanes).panes["redis", "linux/arm64"].head
        await until(pilot, lambda: "◌" in str(head.content) and "silent 5:12" in str(head.content))
        notice = (
            "redis has printed nothing for 5:00 in core 2/2, but is still running; "
            "to cancel it, select it in Run (2) and press c"
        )
        await until(pilot, lambda: notices(app) == notice)
        world.now += 10
        await until(pilot, lambda: "◌ silent   5:22" in listed(app))
        assert notices(app) == notice
        made.run.append(events.OutputResumed(at=made.at(330), target="redis"))
        await until(pilot, lambda: "silent" not in listed(app))
    made.release()


async def test_a_past_silence_is_not_notified(world: World):
    made = folders.running(world.state)
    made.run.append(events.OutputStalled(at=made.at(302), target="redis", since=made.at(2)))
    made.run.append(events.OutputResumed(at=made.at(330), target="redis"))
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert notices(app) == ""
        assert "silent" not in listed(app)
    made.release()


async def test_the_cursor_of_history_stays_on_its_run(world: World):
    first = folders.passed(world.state, id="20261121-1", created=folders.T0 - 90_000)
    folders.passed(world.state, id="20261122-1", created=folders.T0 - 5_000)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4", "down")
        await until(pilot, lambda: app.screen.marked.folder.path == first.run.path)
        folders.passed(world.state, id="20261123-1")
        await pilot.press("r")
        await until(pilot, lambda: len(app.session.past_runs) == 3)
        await until(pilot, lambda: app.screen.query_one(CellTable).row == 2)
        assert app.screen.marked.folder.path == first.run.path
