"""The terminal's title and notifications."""

from __future__ import annotations

import pytest
from textual.events import AppBlur

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.tui.core.notifications import EventNotices, TerminalNotifier, title_of
from tests.emulated_runs import emulated_run
from tests.tui import folders
from tests.tui.conftest import World, settle, until


def _state(made: folders.Made):
    return read_run(made.run)


def test_the_title_shows_the_progress_of_the_run(tmp_path):
    made = folders.Made(tmp_path, ("redis", "kafka")).hold().start().begin("redis").begin("kafka")
    assert title_of(_state(made)) == "0/2 · building · openhqm-tui"
    made.finish("kafka", Outcome.FAILED, 3)
    assert title_of(_state(made)) == "1/2 · building · 1 failed · openhqm-tui"
    made.finish("redis", Outcome.PASSED, 4)
    assert title_of(_state(made)) == "1/2 · checking · 1 failed · openhqm-tui"
    made.check("redis", "linux/amd64", 5).check("redis", "linux/arm64", 5)
    assert title_of(_state(made.end(Outcome.FAILED, 7))) == "2/2 · failed · openhqm-tui"


def test_the_title_is_saved_once_and_restored(tmp_path):
    written: list[str] = []
    attention = TerminalNotifier(written.append)
    attention.close()
    assert written == []
    attention.show(None)
    attention.show(None)
    attention.show(_state(folders.passed(tmp_path)))
    attention.close()
    attention.close()
    assert written == [
        "\x1b[22;2t",
        "\x1b]2;openhqm-tui\x07",
        "\x1b]2;2/2 · verified · openhqm-tui\x07",
        "\x1b[23;2t",
    ]


@pytest.mark.parametrize(
    ("focused", "seconds", "notifications"), [(False, 30, 1), (False, 3, 0), (True, 30, 0)]
)
async def test_the_end_of_a_long_run_is_notified_without_focus(
    world: World, focused, seconds, notifications
):
    made = folders.Made(world.state, ("redis",), check=False).hold().start().begin("redis")
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        written: list[str] = []
        app.notifier = TerminalNotifier(written.append)
        if not focused:
            app.post_message(AppBlur())
            await until(pilot, lambda: not app.app_focus)
        made.finish("redis", Outcome.PASSED, seconds - 1).end(Outcome.PASSED, seconds)
        await until(pilot, lambda: app.session.watch.idle)
        rung = [text for text in written if text.startswith("\x1b]9;")]
        assert rung == ["\x1b]9;1/1 · built · openhqm-tui\x07\x07"] * notifications


async def test_opening_an_old_run_notifies_nothing(world: World):
    made = folders.passed(world.state)
    app = world.app(made.run)
    written: list[str] = []
    async with app.run_test() as pilot:
        app.notifier = TerminalNotifier(written.append)
        app.post_message(AppBlur())
        await settle(pilot)
        assert not app.session.run_is_live
        assert not [text for text in written if text.startswith("\x1b]9;")]


def test_the_cost_of_a_slow_emulator_is_reported_once_for_a_watched_run():
    state = emulated_run((0, 300))
    over = [events.RunEnded(at=1.0, outcome=Outcome.PASSED)]
    assert list(EventNotices().of(state, over)) == []
    news = EventNotices()
    assert list(news.of(state, ())) == []
    (notice,) = news.of(state, over)
    assert "QEMU 10 or later would have saved about 3 minutes" in notice
    assert list(news.of(state, ())) == []
