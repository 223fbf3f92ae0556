"""Builds without output are reported, once per silence, and otherwise left alone."""

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

REPORTED = (events.OutputStalled, events.OutputResumed)


class Setup:
    """A run of two targets being built, with a clock that is set by hand."""

    def __init__(self, quiet_after: float) -> None:
        self.now = 1000.0
        self.folder = folder_of(prepared("redis", "kafka", quiet_after=quiet_after))
        self.journal = JournalWriter(self.folder, RunState(self.folder.info))
        self.dog = Watchdog(self.folder, self.journal, lambda: self.now)
        for name in ("redis", "kafka"):
            self.start(name, 1)

    def start(self, name: str, attempt: int) -> None:
        stream = self.folder.stream_name(name, attempt)
        self.write(stream, b"")
        self.journal.append(
            events.TargetStarted(at=1.0, target=name, attempt=attempt, stream=stream)
        )

    def write(self, stream: str, data: bytes) -> None:
        with (self.folder.path / stream).open("ab") as file:
            file.write(data)

    async def after(self, seconds: float) -> list[str]:
        """Watch again after so many seconds; return the new reports."""
        before = len(list(self.folder.events()))
        self.now += seconds
        await self.dog.watch()
        return [
            f"{'-' if isinstance(event, events.OutputStalled) else '+'}{event.target}"
            for event in list(self.folder.events())[before:]
            if isinstance(event, REPORTED)
        ]


async def test_a_silence_and_its_end_are_each_reported_once() -> None:
    setup = Setup(300.0)
    assert await setup.after(0) == []
    setup.write("kafka.rawjson", b"x")
    assert await setup.after(299) == []
    assert await setup.after(1) == ["-redis"]
    assert await setup.after(1000) == ["-kafka"], "redis was reported before"
    assert await setup.after(1000) == []
    setup.write("redis.rawjson", b"x")
    assert await setup.after(1) == ["+redis"]
    assert await setup.after(299) == []
    assert await setup.after(1) == ["-redis"], "a new silence"


async def test_a_silence_is_reported_with_its_start_and_step() -> None:
    setup = Setup(60.0)
    data = (recording("cancelled").path / "gcp.rawjson").read_bytes()
    setup.write("redis.rawjson", data[: data.rfind(b"sleeping")] if b"sleeping" in data else data)
    await setup.after(0)
    await setup.after(90)
    silence = setup.journal.state.targets["redis"].silence
    assert silence is not None
    assert silence.at - silence.since == pytest.approx(90.0)
    assert silence.step


async def test_finished_and_restarted_targets_are_not_silent() -> None:
    setup = Setup(10.0)
    await setup.after(0)
    setup.journal.append(
        events.TargetEnded(at=1.0, target="redis", attempt=1, outcome=Outcome.FAILED)
    )
    assert await setup.after(10) == ["-kafka"]
    setup.journal.append(
        events.TargetEnded(at=1.0, target="kafka", attempt=1, outcome=Outcome.FAILED)
    )
    setup.start("kafka", 2)
    assert await setup.after(9) == []
    assert await setup.after(9) == []
    assert await setup.after(1) == ["-kafka"]


async def test_without_a_time_limit_nothing_is_reported() -> None:
    setup = Setup(0.0)
    assert await setup.after(0) == []
    assert await setup.after(1e9) == []


async def test_the_runner_reports_a_silence_and_continues(docker: FakeDocker) -> None:
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
        watch.folder.append_request(Request("cancel", "gcp"))
    assert watch.finish().follower.state.outcome is Outcome.CANCELLED


def test_a_silence_is_seen_by_a_later_follower() -> None:
    setup = Setup(10.0)
    setup.journal.append(events.OutputStalled(at=20.0, target="kafka", since=10.0))
    setup.write("kafka.rawjson", b"all earlier output\n")
    watch = Watch(RunFolder(setup.folder.path))
    for _ in range(4):
        watch.poll()
    assert watch.follower.state.targets["kafka"].silent_since == 10.0
