"""Replays in the console, with a clock that only the test sets."""

from __future__ import annotations

from typing import Any

from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.replay import Player, Recording
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.core.run_watch import REFUSED
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from openhqm_tui.tui.widgets.status_line import ReplayBar, ReplayKey, ReplayOffer
from tests.recordings import copied, recording
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World, settle, until


def console_with_replay(world: World, name: str = "cold", **more: Any) -> Any:
    """Return a console that opens on the replay of a recording."""
    player = Player(Recording(recording(name)), clock=lambda: world.clock, **more)
    return world.app(player=player)


def bar(app: Any) -> str:
    return str(app.screen.query_one("#replay-word").content)


def notifications(app: Any) -> list[str]:
    return [str(notification.message) for notification in app._notifications]


async def test_a_replay_shows_the_run_at_its_own_time(world: World):
    app = console_with_replay(world)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert app.place.PLACE == "run"
        world.clock = 30.0
        await until(pilot, lambda: any(len(lane.log) for lane in app.session.run_state.lanes))
        assert app.session.run_state.status is Status.RUNNING
        started = app.session.run_state.started
        assert 29 < app.session.now - started < 31, "the time of the run, not the current time"
        await until(pilot, lambda: "0:30 of 1:21" in bar(app))
        world.clock = 1000.0
        await until(pilot, lambda: app.session.run_state.status is Status.PASSED)
        await until(pilot, lambda: "ended" in bar(app))
        assert app.session.run_state.elapsed(app.session.now) < 100


async def test_the_bar_shows_speed_pause_and_end(world: World):
    app = console_with_replay(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert bar(app) == "▶ replay 1× · 0:00 of 1:21"
        await pilot.press("greater_than_sign", "comma")
        await until(pilot, lambda: bar(app) == "‖ replay 2× · 0:00 of 1:21 · paused")
        world.clock = 50.0
        await pilot.pause()
        assert app.session.player.position == 0.0
        await pilot.press("comma")
        world.clock = 60.0
        await until(pilot, lambda: bar(app) == "▶ replay 2× · 0:20 of 1:21")
        await pilot.press("T")
        await until(pilot, lambda: bar(app) == "■ replay 2× · 1:21 of 1:21 · ended")


async def test_each_key_of_the_bar_can_be_clicked(world: World):
    app = console_with_replay(world)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)

        async def click(what: str) -> None:
            await pilot.click(next(k for k in app.screen.query(ReplayKey) if k.what == what))

        await click("faster")
        await until(pilot, lambda: app.session.player.pace.speed == 2.0)
        await click("slower")
        await until(pilot, lambda: app.session.player.pace.speed == 1.0)
        await click("pause")
        await until(pilot, lambda: app.session.player.pace.paused)
        await click("end")
        await until(pilot, lambda: app.session.player.finished)
        await click("start")
        await until(pilot, lambda: app.session.player.position == 0.0)
        assert not app.session.player.pace.paused
        await click("stop")
        await until(pilot, lambda: app.session.run_state is None)
        assert not app.screen.query_one(ReplayBar).display


async def test_the_keys_have_room_for_their_titles_on_every_screen(world: World):
    app = console_with_replay(world)

    def have_room() -> bool:
        keys = app.screen.query(ReplayKey)
        return all(key.size.width == len(str(key.content)) > 1 for key in keys)

    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for place in ("3", "4", "1", "5", "2"):
            await pilot.press(place)
            await settle(pilot)
            await until(pilot, have_room)


async def test_requests_are_refused_during_a_replay(world: World):
    app = console_with_replay(world, "failed")
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.run_state.started is not None)

        async def is_refused(key: str) -> None:
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: notifications(app))
            assert set(notifications(app)) == {REFUSED}
            assert not isinstance(app.screen, QuestionDialog)

        await is_refused("c")
        await is_refused("C")
        await pilot.press("T")
        await until(pilot, lambda: app.session.run_state.status is Status.FAILED)
        await is_refused("r")
        await is_refused("R")
        await pilot.press("3")
        await settle(pilot)
        await is_refused("A")
        assert world.requests == []


async def test_quitting_during_a_replay_asks_nothing(world: World):
    app = console_with_replay(world)
    async with app.run_test() as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.run_state.started is not None)
        assert app.session.run_is_live
        await pilot.press("q")
        await until(pilot, lambda: app._exit)


async def test_a_replay_is_not_notified_as_a_run(world: World):
    app = console_with_replay(world)
    written: list[str] = []
    app.notifier._write = written.append
    async with app.run_test() as pilot:
        await settle(pilot)
        app.app_focus = False
        world.clock = 30.0
        await until(pilot, lambda: any(len(lane.log) for lane in app.session.run_state.lanes))
        world.clock = 1000.0
        await until(pilot, lambda: app.session.run_state.status is Status.PASSED)
        await pilot.pause()
    titles = [text for text in written if text.startswith("\x1b]2;")]
    assert titles
    assert all(text.startswith("\x1b]2;replay · ") for text in titles)
    assert not [text for text in written if text.startswith("\x1b]9;")], "no bell"


async def test_a_replay_from_history_changes_nothing_in_it(world: World, tmp_path):
    info = recording("failed").info
    (world.state / "runs").mkdir(parents=True)
    copied("failed", world.state / "runs" / info.id)
    before = sorted(path.name for path in (world.state / "runs").rglob("*"))
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("p")
        await until(pilot, lambda: app.session.player is not None and app.place.PLACE == "run")
        await pilot.press("T", "4")
        await settle(pilot)
        assert len(app.session.past_runs) == 1
    assert sorted(path.name for path in (world.state / "runs").rglob("*")) == before


async def test_a_run_in_progress_is_not_replayed(world: World):
    made = folders.running(world.state)
    app = world.app()
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            app.session.replay.play_recording(made.run)
            await until(
                pilot, lambda: any("still in progress" in text for text in notifications(app))
            )
            assert app.session.player is None
    finally:
        made.release()


async def test_without_an_engine_a_click_replays_the_shipped_run(world: World):
    world.facts = NO_ENGINE
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for place in ("5", "2", "1"):
            await pilot.press(place)
            await settle(pilot)
            assert app.screen.query_one(ReplayOffer).display, place
        await pilot.click(ReplayOffer)
        await until(pilot, lambda: app.session.player is not None and app.place.PLACE == "run")
        folder = app.session.run_folder.path
        assert folder.is_dir()
        assert not app.screen.query_one(ReplayOffer).display
    assert not folder.exists(), "the unpacked recording is removed"


async def test_with_an_engine_a_replay_is_offered_only_without_an_open_run(world: World):
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = {}
        for place in ("5", "4", "2", "1"):
            await pilot.press(place)
            await settle(pilot)
            shown[place] = app.screen.query_one(ReplayOffer).display
        assert shown == {"5": False, "4": False, "2": True, "1": False}


async def test_opening_a_run_ends_the_replay(world: World):
    made = folders.passed(world.state, ("redis",))
    app = console_with_replay(world)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        app.session.open_run(RunFolder(made.run.path))
        await until(pilot, lambda: app.session.run_state.status is Status.PASSED)
        await until(pilot, lambda: not app.screen.query_one(ReplayBar).display)
        assert app.session.player is None
        assert app.session.now == world.now
        assert app.session.run_folder.path == made.run.path
