"""Following a run folder: growing, finished, damaged, left by a runner that died."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow import follower as follow
from openhqm_tui.run.follow.follower import Changes, Follower
from openhqm_tui.store.run_folder import RunFolder
from tests.cutting import cut
from tests.domain.folding import as_plain_data
from tests.recordings import NAMES, copied, recording, state_of

AMD = parse_platform("linux/amd64")


class Growing:
    """A recorded run that is written piece by piece while its lock is held."""

    def __init__(self, name: str, place: Path) -> None:
        self.source = recording(name)
        place.mkdir()
        shutil.copy(self.source.info_file, place)
        self.folder = RunFolder(place)
        self.lock = self.folder.lock()
        self.events = self.source.events_file.read_bytes().splitlines(keepends=True)

    def write(self, name: str, data: bytes) -> None:
        with (self.folder.path / name).open("ab") as file:
            file.write(data)

    def next_event(self) -> None:
        self.write("events.jsonl", self.events.pop(0))

    def stream(self, name: str) -> bytes:
        return (self.source.path / name).read_bytes()

    def die(self) -> None:
        os.close(self.lock)
        self.lock = -1


@pytest.fixture
def grow(tmp_path: Path) -> Iterator[type[Growing]]:
    made: list[Growing] = []

    class Here(Growing):
        def __init__(self, name: str) -> None:
            super().__init__(name, tmp_path / f"run{len(made)}")
            made.append(self)

    yield Here
    for one in made:
        if one.lock >= 0:
            one.die()


def to_the_end(follower: Follower) -> Changes:
    total = Changes()
    while not follower.finished:
        changes = follower.poll()
        total.lanes |= changes.lanes
        total.targets |= changes.targets
        total.events += changes.events
        total.over |= changes.over
    return total


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_run_is_read_completely(name: str) -> None:
    follower = Follower(recording(name))
    total = to_the_end(follower)
    assert len(total.events) == len(recording(name).events_file.read_bytes().splitlines())
    assert total.targets == set(follower.state.targets)
    assert not follower.state.interrupted
    assert not follower.poll()


@given(st.sampled_from(NAMES), st.lists(st.integers(0, 10**6), max_size=12), st.randoms())
@settings(deadline=None, max_examples=12)
def test_a_growing_run_reaches_the_state_of_the_finished_one(
    tmp_path_factory, name, places, random
) -> None:
    """As with a runner, a target's stream is complete before its end is recorded."""
    growing = Growing(name, tmp_path_factory.mktemp("grow") / "run")
    follower = Follower(growing.folder)
    before, follow._MOST_BYTES = follow._MOST_BYTES, random.randint(3000, 30_000)
    left: dict[str, tuple[str, list[bytes]]] = {}

    def write_some(target: str, pieces: int) -> None:
        stream, waiting = left[target]
        growing.write(stream, b"".join(waiting[:pieces]))
        del waiting[:pieces]
        follower.poll()

    try:
        while growing.events:
            event = events.event_decoder.decode(growing.events[0])
            if isinstance(event, events.TargetStarted):
                pieces = cut(growing.stream(event.stream), places)
                left[event.target] = (event.stream, pieces)
            elif isinstance(event, events.TargetEnded) and event.target in left:
                write_some(event.target, len(left[event.target][1]))
            growing.next_event()
            for target in left:
                write_some(target, random.randint(0, 5))
        growing.die()
        to_the_end(follower)
    finally:
        follow._MOST_BYTES = before
        follower.close()
    assert as_plain_data(follower.state) == as_plain_data(state_of(recording(name)))


def test_a_live_run_without_new_events_is_not_finished(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    assert [bool(follower.poll()) for _ in range(3)] == [False] * 3
    assert not follower.finished
    assert follower.state.status is Status.WAITING


def test_an_event_counts_once_its_line_is_complete(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    line = growing.events[0]
    growing.write("events.jsonl", line[:20])
    assert not follower.poll()
    growing.write("events.jsonl", line[20:])
    (event,) = follower.poll().events
    assert isinstance(event, events.RunStarted)


def test_changed_lanes_and_targets_are_named(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    for _ in range(3):  # the run, its two targets
        growing.next_event()
    follower.poll()
    growing.write("kafka.rawjson", growing.stream("kafka.rawjson"))
    changes = follower.poll()
    assert changes.targets == {"kafka"}
    assert changes.lanes == {("kafka", "linux/amd64"), ("kafka", "linux/arm64")}


def test_a_poll_reports_whether_there_is_more_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_MOST_BYTES", 1000)
    follower = Follower(recording("failed"))
    polls = 0
    while not follower.finished:
        changes = follower.poll()
        polls += 1
        assert changes.more or follower.finished or changes
    assert polls > 10


@pytest.mark.parametrize("kept", [0, 1, 3, 5])
def test_a_runner_that_died_leaves_an_interrupted_run(grow, kept: int) -> None:
    growing = grow("failed")
    for _ in range(kept):
        growing.next_event()
    growing.write("redis.rawjson", growing.stream("redis.rawjson")[:9000])
    follower = Follower(growing.folder)
    follower.poll()
    before = follower.state.interrupted
    growing.die()
    changes = to_the_end(follower)
    assert (before, follower.state.interrupted) == (False, True)
    assert changes.targets == {"redis", "kafka"}
    assert follower.state.status is Status.CANCELLED
    if kept >= 3:
        assert len(follower.state.targets["redis"].steps) > 3, "all that was written is kept"


def test_output_written_just_before_the_end_is_read(grow) -> None:
    """The lock is tested before reading: a run that ends in between isn't interrupted."""
    growing = grow("failed")
    follower = Follower(growing.folder)
    is_live = growing.folder.is_live

    def ends_right_after() -> bool:
        live = bool(is_live())
        if growing.lock >= 0:
            for name in ("redis.rawjson", "kafka.rawjson"):
                growing.write(name, growing.stream(name))
            growing.write("events.jsonl", b"".join(growing.events))
            growing.die()
        return live

    growing.folder.is_live = ends_right_after
    to_the_end(follower)
    assert not follower.state.interrupted
    assert as_plain_data(follower.state) == as_plain_data(state_of(recording("failed")))


def test_a_second_attempt_has_its_own_stream(tmp_path: Path) -> None:
    folder = copied("failed", tmp_path / "run")
    shutil.copy(folder.path / "redis.rawjson", folder.path / "kafka.2.rawjson")
    for event in (
        events.RunStarted(at=2e9, pid=1),
        events.TargetStarted(at=2e9, target="kafka", attempt=2, stream="kafka.2.rawjson"),
        events.TargetEnded(at=2e9 + 1, target="kafka", attempt=2, outcome=Outcome.PASSED),
        events.RunEnded(at=2e9 + 1, outcome=Outcome.PASSED),
    ):
        folder.append(event)
    kafka = state_of(folder).targets["kafka"]
    assert (kafka.attempt, kafka.status, kafka.texts) == (2, Status.DONE, [])
    redis = state_of(recording("failed")).targets["redis"]
    assert [step.name for step in kafka.steps.values()] == [
        step.name for step in redis.steps.values()
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b"[]",
        b'{"event":"of-a-newer-version","at":1}',
        b'{"event":"noted"}',
        b'{"event":"noted","at":"x","text":1}',
        b'{"event":"noted","at":1,"text":"\xff"}',
        b'{"x":' + b"[" * 100_000,
        b'{"event":"target-started","at":1,"target":"nope","attempt":1,"stream":"x"}',
        b'{"event":"target-ended","at":1,"target":"nope","attempt":1,"outcome":"failed"}',
        b'{"event":"image-seen","at":1,"target":"redis","platform":"linux/vax","digest":"x"}',
    ],
)
def test_an_invalid_line_changes_nothing(tmp_path: Path, line: bytes) -> None:
    folder = copied("failed", tmp_path / "run")
    folder.events_file.write_bytes(line + b"\n" + folder.events_file.read_bytes())
    follower = Follower(folder)
    total = to_the_end(follower)
    assert as_plain_data(follower.state) == as_plain_data(state_of(recording("failed")))
    assert total.targets <= set(follower.state.targets)
    assert total.lanes <= {lane.key for lane in follower.state.lanes}


@pytest.mark.parametrize("stream", ["../../../etc/hostname", "/etc/hostname", "", ".", "nope"])
def test_a_stream_is_read_from_the_run_folder_only(tmp_path: Path, stream: str) -> None:
    folder = copied("failed", tmp_path / "run")
    first, *rest = folder.events_file.read_bytes().splitlines(keepends=True)
    start = events.TargetStarted(at=1.0, target="redis", attempt=1, stream=stream)
    ended = [line for line in rest if b"target-ended" in line or b"run-ended" in line]
    folder.events_file.write_bytes(first + msgspec.json.encode(start) + b"\n" + b"".join(ended))
    redis = state_of(folder).targets["redis"]
    assert (redis.steps, redis.texts) == ({}, [])


def test_a_resumed_run_is_no_longer_interrupted(grow) -> None:
    growing = grow("failed")
    growing.next_event()
    follower = Follower(growing.folder)
    growing.die()
    to_the_end(follower)
    growing.lock = growing.folder.lock()
    growing.folder.append(events.RunStarted(at=3e9, pid=2))
    follower.poll()
    assert not follower.state.interrupted
    assert not follower.finished


def test_a_folder_with_only_a_run_json_is_interrupted(tmp_path: Path) -> None:
    shutil.copy(recording("failed").info_file, tmp_path)
    follower = Follower(RunFolder(tmp_path))
    to_the_end(follower)
    assert follower.state.interrupted


def test_polling_some_targets_at_a_time_reads_all(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    for _ in range(3):  # the run, its two targets
        growing.next_event()
    follower.poll()
    for target in ("redis", "kafka"):
        growing.write(f"{target}.rawjson", growing.stream(f"{target}.rawjson"))
    assert follower.targets == ("redis", "kafka")
    assert follower.poll(("kafka",)).targets == {"kafka"}
    assert follower.poll(("redis",)).targets == {"redis"}
    assert not follower.poll(("redis", "kafka", "nobody"))


def test_a_dead_runner_is_reported_once_every_stream_was_read(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    for _ in range(3):
        growing.next_event()
    follower.poll()
    growing.die()
    growing.write("kafka.rawjson", growing.stream("kafka.rawjson")[:5000])
    assert not follower.poll(("redis",))
    assert not follower.state.interrupted
    assert follower.poll(("kafka",)).targets == {"kafka"}
    assert not follower.state.interrupted, "redis may have more to read"
    follower.poll(("redis",))
    follower.poll(("kafka",))
    assert follower.state.interrupted


def test_a_log_line_does_not_change_the_status_of_its_target(grow) -> None:
    growing = grow("failed")
    follower = Follower(growing.folder)
    for _ in range(3):
        growing.next_event()
    data = growing.stream("redis.rawjson")
    growing.write("redis.rawjson", data)
    assert follower.poll().standing == {"redis", "kafka"}
    lane = follower.state.targets["redis"].lanes[AMD]
    log = {"vertex": lane.steps[-1].digest, "stream": 1, "data": b"word\n"}
    growing.write("redis.rawjson", msgspec.json.encode({"logs": [log]}) + b"\n")
    changes = follower.poll()
    assert (changes.targets, changes.standing) == ({"redis"}, set())
    assert changes.lanes == {("redis", "linux/amd64")}
    growing.write("redis.rawjson", b"ERROR: plain words\n")
    assert follower.poll().standing == {"redis"}


def test_the_end_is_reported_once_after_everything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_MOST_BYTES", 1000)
    follower = Follower(recording("failed"))
    over = []
    while not follower.finished:
        over.append(follower.poll().over)
    over.append(follower.poll().over)
    assert over == [False] * (len(over) - 2) + [True, False]
    assert not follower.targets
