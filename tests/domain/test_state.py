"""The state is a fold over the journal: recorded runs, cut and interleaved at random."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.buildkit.rawjson import Record, StreamDecoder
from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from tests.cutting import cut
from tests.domain.folding import as_plain_data
from tests.recordings import NAMES, recording, state_of


def events_of(name: str) -> list[journal.AnyEvent]:
    lines = recording(name).events_file.read_bytes().splitlines()
    return [journal.event_decoder.decode(line) for line in lines]


def records_of(name: str, stream: str, places: list[int]) -> list[list[Record]]:
    decoder = StreamDecoder()
    data = (recording(name).path / stream).read_bytes()
    return [*(decoder.feed(piece) for piece in cut(data, places)), decoder.close()]


def streams_of(name: str) -> dict[str, str]:
    return {e.target: e.stream for e in events_of(name) if isinstance(e, journal.TargetStarted)}


@given(st.sampled_from(NAMES), st.lists(st.integers(0, 10**6), max_size=40), st.randoms())
@settings(deadline=None, max_examples=40)
def test_the_state_is_the_same_however_streams_are_cut_and_interleaved(
    name, places, random
) -> None:
    """Only the order that a follower guarantees is kept: within a stream, and its start first."""
    state = RunState(recording(name).info)
    streams = {
        target: records_of(name, stream, places) for target, stream in streams_of(name).items()
    }
    events = events_of(name)
    while events or any(streams.values()):
        active = [t for t, pieces in streams.items() if pieces and state.targets[t].started]
        if events and (not active or random.random() < 0.3):
            state.apply_event(events.pop(0))
        else:
            target = random.choice(active)
            state.apply_records(target, streams[target].pop(0))
            if not streams[target]:
                state.end_stream(target)
    assert as_plain_data(state) == as_plain_data(state_of(recording(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_ends_with_everything_finished(name: str) -> None:
    state = state_of(recording(name))
    assert state.status.is_over
    for target in state.targets.values():
        assert target.status.is_over
        for lane in target.lanes.values():
            assert lane.status.is_over
            assert {s.lane for s in lane.steps} <= {lane.platform}
        if target.outcome is Outcome.PASSED:
            assert all(step.status.is_over for step in target.steps.values())
            assert all(len(lane.log) for lane in target.lanes.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_run_is_running_until_it_is_interrupted(name: str) -> None:
    state = RunState(recording(name).info)
    seen = [state.status]
    for event in events_of(name)[:-1]:
        state.apply_event(event)
        seen.append(state.status)
    state.end_interrupted()
    seen.append(state.status)
    checking = [Status.CHECKING] if state.info.check else []
    expected = [Status.WAITING, Status.RUNNING, *checking]
    assert list(dict.fromkeys(seen)) == [*expected, Status.CANCELLED]


def test_a_run_is_interrupted_until_it_is_started_again() -> None:
    started, *rest = events_of("checked")
    assert isinstance(started, journal.RunStarted)
    state = RunState(recording("checked").info)
    state.apply_event(started)
    state.end_interrupted()
    assert (state.interrupted, state.in_progress) == (True, False)
    state.apply_event(started)
    assert (state.interrupted, state.in_progress) == (False, True)
    for event in rest:
        state.apply_event(event)
    state.end_interrupted()
    assert not state.interrupted
    with pytest.raises(AttributeError):
        state.interrupted = True  # type: ignore[misc]


def lanes(name: str) -> dict[tuple[str, str], Status]:
    return {lane.key: lane.status for lane in state_of(recording(name)).lanes}


def test_a_failed_variant_does_not_stop_the_other() -> None:
    assert lanes("failed") == {
        ("redis", "linux/amd64"): Status.DONE,
        ("redis", "linux/arm64"): Status.DONE,
        ("kafka", "linux/amd64"): Status.CANCELLED,
        ("kafka", "linux/arm64"): Status.FAILED,
    }


def test_the_failed_platform_is_distinguished_from_the_cancelled_one() -> None:
    assert lanes("bake_fails") == {
        ("bad", "linux/amd64"): Status.FAILED,
        ("bad", "linux/arm64"): Status.CANCELLED,
        ("redis", "linux/amd64"): Status.PASSED,
        ("redis", "linux/arm64"): Status.PASSED,
    }


@pytest.mark.parametrize("name", ["cancelled", "never_started"])
def test_a_cancelled_run_is_cancelled_throughout(name: str) -> None:
    state = state_of(recording(name))
    assert state.status is Status.CANCELLED
    assert {lane.status for lane in state.lanes} == {Status.CANCELLED}
    assert all(target.failed_step is None for target in state.targets.values())


def test_a_target_that_never_started_has_no_time() -> None:
    state = state_of(recording("never_started"))
    waited = [target for target in state.targets.values() if target.started is None]
    assert waited
    assert all(target.elapsed(1e12) == 0.0 for target in waited)


def test_emulated_steps_are_recognized() -> None:
    (lane,) = state_of(recording("emulated")).lanes
    assert {step.how for step in lane.steps if step.name.of} == {ExecutionMode.EMULATED}


def test_cross_steps_are_neither_native_nor_emulated() -> None:
    state = state_of(recording("bake_fails"))
    lane = state.lane("redis", "linux/arm64")
    assert lane is not None
    assert {step.how for step in lane.steps} >= {ExecutionMode.CROSS, ExecutionMode.EMULATED}


def test_the_dockerfiles_warnings_are_kept_once() -> None:
    (target,) = state_of(recording("warning")).targets.values()
    names = sorted(short.partition(":")[0] for short, _ in target.warnings)
    assert names == ["ConsistentInstructionCasing", "MaintainerDeprecated", "StageNameCasing"]


def test_a_checked_run_is_verified_lane_by_lane() -> None:
    state = state_of(recording("checked"))
    assert {lane.status for lane in state.lanes} == {Status.PASSED}
    emulated = {str(lane.platform): lane.emulated for lane in state.lanes}
    assert emulated == {"linux/amd64": False, "linux/arm64": True}
    assert all(lane.verdicts and lane.content_size and lane.digest for lane in state.lanes)
