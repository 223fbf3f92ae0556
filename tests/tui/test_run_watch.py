"""Following the open run: to its end, after a resume, and in short slices."""

from __future__ import annotations

import asyncio

from textual.app import App

from openhqm_tui.domain.run.events import Outcome, RunStarted
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow import follower
from openhqm_tui.run.follow.follower import Changes, Follower
from openhqm_tui.tui.core.run_watch import RunWatch
from tests.tui import folders
from tests.tui.conftest import World, settle, until


class Recorder:
    """A watch, with a record of its reports."""

    def __init__(self, app: App[int]) -> None:
        self.changes: list[Changes] = []
        self.seconds = 0
        self.watch = RunWatch(app, self.changes.append, self._second)

    def _second(self) -> None:
        self.seconds += 1


async def test_a_finished_run_is_followed_after_a_resume(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        assert not app.session.run_is_live
        made.hold().run.append(RunStarted(at=made.at(60), pid=2))
        made.begin("kafka", 61.0, attempt=2)
        app.session.watch.resume()
        assert app.session.run_is_live, "the journal is read immediately"
        assert app.session.run_state.targets["kafka"].attempt == 2
        made.write("kafka", {"vertexes": [{"digest": "sha256:1", "name": "again"}]}, attempt=2)
        await until(pilot, lambda: app.session.run_state.targets["kafka"].steps)
        made.finish("kafka", Outcome.PASSED, 65.0, attempt=2)
        for platform in made.rows["kafka"]:
            made.check("kafka", platform, 66.0)
        made.end(Outcome.PASSED, 67.0)
        await until(pilot, lambda: app.session.watch.idle)
        assert app.session.run_state.status is Status.PASSED
        assert not app.session.run_is_live


async def test_resuming_a_live_or_missing_run_changes_nothing(world: World):
    made = folders.running(world.state)
    app: App[int] = App()
    async with app.run_test() as pilot:
        recorder = Recorder(app)
        recorder.watch.resume()
        assert recorder.watch.idle
        recorder.watch.open(made.run)
        worker = recorder.watch._worker
        recorder.watch.resume()
        assert recorder.watch._worker is worker
        made.end(Outcome.PASSED, 9.0)
        await until(pilot, lambda: recorder.watch.idle)
        assert [changes.over for changes in recorder.changes].count(True) == 1
        assert recorder.changes[-1].over
        recorder.watch.resume()
        await until(pilot, lambda: recorder.watch.idle)
        assert recorder.changes[-1].over, "nothing new was reported"
        recorder.watch.close()


async def test_a_long_log_is_read_in_slices(world: World, monkeypatch):
    """However much there is to read, each poll reads at most two targets."""
    monkeypatch.setattr(follower, "_MOST_BYTES", 2000)
    targets = ("redis", "kafka", "sqs", "azure")
    made = folders.Made(world.state, targets).start()
    for target in targets:
        made.begin(target)
        lines = "".join(f"line {number}\n" for number in range(20))
        for step in range(40):
            made.step(target, f"[linux/amd64 core {step + 1}/40] RUN x", 1.0, 2.0, log=lines)
        made.finish(target, Outcome.PASSED, 3.0)
    made.end(Outcome.PASSED, 4.0)
    app: App[int] = App()
    async with app.run_test() as pilot:
        # As the console does when it loads.
        asyncio.get_running_loop().set_task_factory(None)
        recorder = Recorder(app)
        recorder.watch.open(made.run)
        state = recorder.watch.state
        assert state is not None
        assert not any(len(lane.log) for lane in state.lanes), "opening reads the journal only"
        polled: list[int] = []
        poll = Follower.poll

        def counted(self: Follower, only: tuple[str, ...]) -> Changes:
            polled.append(len(only))
            return poll(self, only)

        monkeypatch.setattr(Follower, "poll", counted)
        await until(pilot, lambda: recorder.watch.idle)
        assert max(polled) == 2
        assert len(polled) > 20
        # Changes of many polls are reported together a few times per round.
        assert len(recorder.changes) < len(polled) / 2
        assert all(len(lane.log) >= 800 for lane in state.lanes if lane.platform.arch == "amd64")
        assert recorder.seconds >= 1
