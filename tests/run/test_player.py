"""A replay of a recorded run follows its timing and ends in the same state."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.replay import Player, Recording, parse_speed, recording_of
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import NAMES, copied, recording, state_of


def visible(state: RunState) -> object:
    """Return everything a front end can show of a run."""
    return [
        (state.status, state.outcome, state.interrupted, state.started, state.ended, state.notes),
        state.elapsed(0.0),
        [
            (
                *(t.name, t.attempt, t.status, t.outcome, t.exit_code, t.digest, t.reason),
                *(t.texts, list(t.warnings), lines(t.log), steps(t.steps.values())),
            )
            for t in state.targets.values()
        ],
        [
            (lane.key, lane.status, lane.verdicts, lane.digest, lines(lane.log), steps(lane.steps))
            for lane in state.lanes
        ],
    ]


def lines(log):
    return [log[index] for index in range(len(log))]


def steps(known):
    return [(s.name, s.status, s.intervals, s.cached, s.error, s.parts) for s in known]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def play_out(player: Player, clock: Clock, every: float) -> None:
    """Poll while the clock advances, until the replay has finished."""
    for _ in range(100_000):
        player.poll()
        if player.finished:
            return
        clock.now += every
    raise AssertionError("the replay never ends")


@pytest.fixture
def retried(tmp_path: Path) -> RunFolder:
    """A failed run with a second attempt on the next day."""
    run = copied("failed", tmp_path / "retried")
    state = state_of(run)
    name = next(name for name, t in state.targets.items() if t.status is Status.FAILED)
    later = state.last_at + 86400
    stream = (run.path / f"{name}.rawjson").read_bytes()
    (run.path / f"{name}.2.rawjson").write_bytes(stream)
    run.append(events.RunStarted(at=later, pid=1))
    run.append(events.TargetStarted(at=later, target=name, attempt=2, stream=f"{name}.2.rawjson"))
    run.append(
        events.TargetEnded(
            at=later + 5, target=name, attempt=2, outcome=Outcome.CANCELLED, exit_code=1
        )
    )
    run.append(events.RunEnded(at=later + 5, outcome=Outcome.CANCELLED))
    return run


@pytest.fixture
def cut_off(tmp_path: Path) -> RunFolder:
    """A run whose runner died: its events and streams are cut in half, within a line."""
    run = copied("checked", tmp_path / "cut off")
    for file in (run.events_file, *run.path.glob("*.rawjson")):
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2])
    return run


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("speed", [1.0, 10.0, math.inf])
def test_every_replay_ends_in_the_state_of_the_run(name, speed):
    clock = Clock()
    player = Player(Recording(recording(name)), speed=speed, clock=clock)
    play_out(player, clock, 0.7)
    assert visible(player.state) == visible(state_of(recording(name)))


@pytest.mark.parametrize("every", [0.05, 3.0, 1e6])
def test_a_replay_of_a_retried_or_interrupted_run_ends_in_its_state(retried, cut_off, every):
    for run in (retried, cut_off):
        clock = Clock()
        player = Player(Recording(run), clock=clock)
        play_out(player, clock, every)
        assert visible(player.state) == visible(state_of(run))


def test_an_interrupted_run_is_live_until_its_last_event(cut_off):
    clock = Clock()
    player = Player(Recording(cut_off), clock=clock)
    clock.now = 0.0
    player.poll()
    clock.now = player.pace.length - 0.01
    while player.poll():
        pass
    assert player.state.in_progress
    play_out(player, clock, 1.0)
    assert player.state.interrupted


def test_long_gaps_between_attempts_are_shortened(retried):
    clock = Clock()
    player = Player(Recording(retried), clock=clock)
    player.poll()
    seen = set()
    while not player.finished:
        clock.now += 0.5
        player.poll()
        seen.add((player.state.status, max(t.attempt for t in player.state.targets.values())))
    assert clock.now < 30
    assert {(Status.FAILED, 1), (Status.RUNNING, 2), (Status.CANCELLED, 2)} <= seen


def test_nothing_is_shown_before_its_time():
    clock = Clock()
    player = Player(Recording(recording("cold")), clock=clock)
    player.poll()
    for seconds in range(0, 90, 3):
        clock.now = float(seconds)
        while player.poll():
            pass
        assert player.state.last_at <= player.now
        for target in player.state.targets.values():
            for step in target.steps.values():
                assert max(step.intervals, default=0.0) <= player.now


def test_a_paused_replay_does_not_advance():
    clock = Clock()
    player = Player(Recording(recording("cold")), clock=clock)
    player.poll()
    clock.now = 20.0
    while player.poll():
        pass
    player.pause(paused=True)
    before, now = visible(player.state), player.now
    clock.now = 500.0
    player.poll()
    assert (visible(player.state), player.now) == (before, now)
    player.pause(paused=False)
    play_out(player, clock, 5.0)
    assert player.state.status is Status.PASSED


def test_jumping_back_creates_a_new_player():
    clock = Clock()
    player = Player(Recording(recording("cold")), speed=5.0, clock=clock)
    player.poll()
    assert player.jump(30.0) is player
    assert player.position == 30.0
    player.pause(paused=True)
    again = player.jump(0.0)
    assert again is not player
    assert (again.position, again.pace.speed, again.pace.paused) == (0.0, 5.0, True)
    assert again.state.started is None


def test_the_end_of_a_replay_is_reported_once():
    clock = Clock()
    player = Player(Recording(recording("warm")), clock=clock)
    over = []
    for _ in range(20):
        over.append(player.poll().over)
        clock.now += 0.5
    assert over.count(True) == 1


def test_a_run_in_progress_is_not_replayed(tmp_path):
    run = copied("warm", tmp_path / "run")
    run.lock()
    with pytest.raises(UsageProblem, match="still in progress"):
        recording_of(run)


def test_a_run_without_events_ends_immediately(tmp_path):
    run = copied("warm", tmp_path / "run")
    run.events_file.unlink()
    clock = Clock()
    player = Player(Recording(run), clock=clock)
    player.poll()
    assert player.finished
    assert player.state.interrupted


def test_a_replay_writes_nothing(tmp_path):
    run = copied("failed", tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    clock = Clock()
    play_out(Player(Recording(run), clock=clock), clock, 0.5)
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_the_shipped_recording_shows_every_kind_of_status():
    shipped = Recording.shipped()
    try:
        folder = shipped.folder.path
        clock = Clock()
        player = Player(shipped, clock=clock)
        seen: set[Status] = set()
        failed: set[str] = set()
        while not player.finished:
            player.poll()
            clock.now += 0.5
            seen |= {lane.status for lane in player.state.lanes}
            failed |= {t.name for t in player.state.targets.values() if t.status is Status.FAILED}
        assert {Status.RUNNING, Status.CHECKING, Status.FAILED, Status.PASSED} <= seen
        assert "kafka" in failed
        assert {t.attempt for t in player.state.targets.values()} == {1, 2}
        assert len(player.state.lanes) == 16
        assert {lane.status for lane in player.state.lanes} == {Status.PASSED}
        assert all(lane.verdicts for lane in player.state.lanes)
        assert any(lane.emulated for lane in player.state.lanes)
        assert 60 < shipped.tape.length < 180
    finally:
        shipped.close()
    assert not folder.parent.exists()


@pytest.mark.parametrize(
    ("text", "speed"),
    [("1", 1.0), ("10", 10.0), ("0.5", 0.5), ("10x", 10.0), ("3×", 3.0), ("max", math.inf)],
)
def test_speeds_are_parsed(text, speed):
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "", "inf", "nan", "1e9", "max x"])
def test_invalid_speeds_are_refused(text):
    with pytest.raises(UsageProblem, match="--speed"):
        parse_speed(text)
