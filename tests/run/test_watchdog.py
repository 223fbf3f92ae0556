"""Builds that say nothing are told of, once a silence, and nothing is done about them."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.runner.__main__ import Watchdog
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.fake_docker import FakeDocker
from tests.recordings import recording
from tests.run.runs import Watch, folder_of, prepared, running
from tests.waiting import soon

HEARD = (events.OutputStalled, events.OutputResumed)


class Seat:
    """A run of two targets being built, and a clock that is moved by hand."""

    def __init__(self, quiet_after: float) -> None:
        self.now = 1000.0
        self.folder = folder_of(prepared("redis", "kafka", quiet_after=quiet_after))
        self.journal = JournalWriter(self.folder, RunState(self.folder.info))
        self.dog = Watchdog(self.folder, self.journal, lambda: self.now)
        for name in ("redis", "kafka"):
            self.start(name, 1)

    def start(self, name: str, attempt: int) -> None:
        stream = self.folder.stream_name(name, attempt)
        self.hear(stream, b"")
        self.journal.append(
            events.TargetStarted(at=1.0, target=name, attempt=attempt, stream=stream)
        )

    def hear(self, stream: str, data: bytes) -> None:
        with (self.folder.path / stream).open("ab") as file:
            file.write(data)

    async def after(self, seconds: float) -> list[str]:
        """Look so many seconds later; return what is told anew."""
        before = len(list(self.folder.events()))
        self.now += seconds
        await self.dog.watch()
        return [
            f"{'-' if isinstance(event, events.OutputStalled) else '+'}{event.target}"
            for event in list(self.folder.events())[before:]
            if isinstance(event, HEARD)
        ]


async def test_a_silence_is_told_once_and_so_is_its_end() -> None:
    seat = Seat(300.0)
    assert await seat.after(0) == []
    seat.hear("kafka.rawjson", b"x")
    assert await seat.after(299) == []
    assert await seat.after(1) == ["-redis"]
    assert await seat.after(1000) == ["-kafka"], "redis' silence was told"
    assert await seat.after(1000) == []
    seat.hear("redis.rawjson", b"x")
    assert await seat.after(1) == ["+redis"]
    assert await seat.after(299) == []
    assert await seat.after(1) == ["-redis"], "another silence"


async def test_since_when_is_told_and_what_was_done_then() -> None:
    seat = Seat(60.0)
    data = (recording("cancelled").path / "gcp.rawjson").read_bytes()
    seat.hear("redis.rawjson", data[: data.rfind(b"sleeping")] if b"sleeping" in data else data)
    await seat.after(0)
    await seat.after(90)
    silence = seat.journal.state.targets["redis"].silence
    assert silence is not None
    assert silence.at - silence.since == pytest.approx(90.0)
    assert silence.step


async def test_what_is_over_or_begins_anew_is_not_silent() -> None:
    seat = Seat(10.0)
    await seat.after(0)
    seat.journal.append(
        events.TargetEnded(at=1.0, target="redis", attempt=1, outcome=Outcome.FAILED)
    )
    assert await seat.after(10) == ["-kafka"]
    seat.journal.append(
        events.TargetEnded(at=1.0, target="kafka", attempt=1, outcome=Outcome.FAILED)
    )
    seat.start("kafka", 2)
    assert await seat.after(9) == []
    assert await seat.after(9) == []
    assert await seat.after(1) == ["-kafka"]


async def test_with_no_time_set_nothing_is_told() -> None:
    seat = Seat(0.0)
    assert await seat.after(0) == []
    assert await seat.after(1e9) == []


async def test_a_runner_watches_and_lets_go_on(docker: FakeDocker) -> None:
    docker.target("gcp", {"stream": "cancelled/gcp", "hold": True})
    async with running(prepared("gcp", check=False, quiet_after=0.1)) as (watch, _):
        await soon(lambda: watch.has(events.OutputStalled, target="gcp"))
        assert watch.follower.state.targets["gcp"].silence is not None
        docker.release("gcp")
    watch.finish()
    assert watch.follower.state.outcome is Outcome.PASSED
    assert watch.order(events.OutputStalled) == ["gcp"]


async def test_a_silent_build_can_be_cancelled(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    async with running(prepared("gcp", check=False, quiet_after=0.1)) as (watch, _):
        await soon(lambda: watch.has(events.OutputStalled, target="gcp"))
        watch.folder.ask(Request("cancel", "gcp"))
    assert watch.finish().follower.state.outcome is Outcome.CANCELLED


def test_the_one_who_comes_later_is_told_too() -> None:
    seat = Seat(10.0)
    seat.journal.append(events.OutputStalled(at=20.0, target="kafka", since=10.0))
    seat.hear("kafka.rawjson", b"all that was said before\n")
    watch = Watch(RunFolder(seat.folder.path))
    for _ in range(4):
        watch.look()
    assert watch.follower.state.targets["kafka"].silent_since == 10.0
