"""Following the run that is open: to its end, on after it, and never for long at a time."""

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


class Heard:
    """A watch of one's own, and what it said."""

    def __init__(self, app: App[int]) -> None:
        self.changes: list[Changes] = []
        self.seconds = 0
        self.watch = RunWatch(app, self.changes.append, self._second)

    def _second(self) -> None:
        self.seconds += 1


async def test_a_run_that_was_over_is_followed_on(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        assert not app.session.run_is_live
        made.hold().run.append(RunStarted(at=made.at(60), pid=2))
        made.begin("kafka", 61.0, attempt=2)
        app.session.watch.resume()
        assert app.session.run_is_live, "the journal is read at once"
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


async def test_resuming_what_goes_on_or_isnt_there_changes_nothing(world: World):
    made = folders.running(world.state)
    app: App[int] = App()
    async with app.run_test() as pilot:
        heard = Heard(app)
        heard.watch.resume()
        assert heard.watch.idle
        heard.watch.open(made.run)
        worker = heard.watch._worker
        heard.watch.resume()
        assert heard.watch._worker is worker
        made.end(Outcome.PASSED, 9.0)
        await until(pilot, lambda: heard.watch.idle)
        assert [changes.over for changes in heard.changes].count(True) == 1
        assert heard.changes[-1].over
        heard.watch.resume()
        await until(pilot, lambda: heard.watch.idle)
        assert heard.changes[-1].over, "nothing new was said"
        heard.watch.close()


async def test_a_long_log_is_read_in_turns_that_leave_room(world: World, monkeypatch):
    """However much there is to read, nobody waits for more than a look at two targets."""
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
        heard = Heard(app)
        heard.watch.open(made.run)
        state = heard.watch.state
        assert state is not None
        assert not any(len(lane.log) for lane in state.lanes), "opening reads the journal only"
        looks: list[int] = []
        poll = Follower.poll

        def counted(self: Follower, only: tuple[str, ...]) -> Changes:
            looks.append(len(only))
            return poll(self, only)

        monkeypatch.setattr(Follower, "poll", counted)
        await until(pilot, lambda: heard.watch.idle)
        assert max(looks) == 2
        assert len(looks) > 20
        # What many looks brought is told a few times a round, not with every look.
        assert len(heard.changes) < len(looks) / 2
        assert all(len(lane.log) >= 800 for lane in state.lanes if lane.platform.arch == "amd64")
        assert heard.seconds >= 1
