"""The time left of a running run: estimated from runs of its kind, otherwise unknown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.history.estimate import EstimateRequest, Sample, place_of, samples_of
from openhqm_tui.domain.history.forecast import Countdown, Forecast, wanted
from openhqm_tui.domain.history.record import StepRecord, record_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState, TargetState
from tests.by_time import moments
from tests.domain.graphs import BOTH, T0, S, target_of
from tests.domain.optional import not_none
from tests.recordings import recording, state_of

AMD, ARM = BOTH
PARTS = [part / 20 for part in range(20)]


@pytest.mark.parametrize("name", ["cold", "warm", "checked", "emulated"])
def test_a_repeated_run_is_forecast_to_within_ten_percent(name: str) -> None:
    """The best case of a forecast: exactly the same run a second time."""
    folder = recording(name)
    record = record_of(state_of(folder))
    forecast = Forecast(samples_of(record))
    errors = []
    for _, now, state in moments(folder, PARTS):
        if state.started is None:
            continue
        guess = forecast.run(state, now)
        assert guess is not None
        assert guess.whole
        assert guess.seconds >= 0
        errors.append(abs(guess.seconds - (record.last - now)) / record.seconds)
    assert sum(errors) / len(errors) < 0.1
    assert len(errors) > 10


def test_a_first_run_has_no_forecast() -> None:
    for _, now, state in moments(recording("checked"), [0.0, 0.5, 0.9]):
        forecast = Forecast([])
        assert forecast.run(state, now) is None
        assert [forecast.target(t, now) for t in state.targets.values()] == [None, None]
        assert [forecast.lane(lane, now) for lane in state.lanes] == [None] * len(state.lanes)


def test_a_finished_run_has_no_time_left() -> None:
    state = state_of(recording("checked"))
    forecast = Forecast(samples_of(record_of(state)))
    now = state.last_at
    assert forecast.run(state, now) is None
    assert [forecast.target(target, now) for target in state.targets.values()] == [None, None]
    assert {forecast.lane(lane, now) for lane in state.lanes} == {None}


COLD = (
    StepRecord(label="a 1/2 RUN it", platform=AMD, how="native", start=0, end=10, on_path=True),
    StepRecord(label="a 2/2 RUN it", platform=AMD, how="native", start=10, end=30, on_path=True),
    StepRecord(label="exporting", start=30, end=32, on_path=True),
)
WARM = (
    msgspec.structs.replace(COLD[0], cached=True, start=0.1, end=0.1),
    msgspec.structs.replace(COLD[1], cached=True, start=0.1, end=0.1),
    StepRecord(label="exporting", start=0.1, end=1, on_path=True),
)


def sample(steps: tuple[StepRecord, ...] = COLD, at: float = 0.0, **more: Any) -> Sample:
    kind = EstimateRequest(variant="redis", platforms=BOTH, place=place_of("", "", ""), host=AMD)
    return Sample(kind=kind, at=at, build=max(step.end for step in steps), steps=steps, **more)


def left(target: TargetState, seconds: float, *samples: Sample) -> Any:
    guess = Forecast(samples).target(target, T0 + seconds)
    return None if guess is None else pytest.approx(guess.seconds)


ONE = "a 1/2 linux/amd64"
TWO = "a 2/2 linux/amd64"


def ran(*steps: S) -> TargetState:
    return target_of(*(s._replace(name=f"[{s.name}] RUN it", digest=s.name) for s in steps))


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        # Nothing has started: the whole earlier time.
        ((), 0.0, 32),
        # During the first step, with the same time as before, less, or more.
        ((S("linux/amd64 a 1/2", times=((0, None),)),), 4.0, 28),
        ((S("linux/amd64 a 1/2", times=((0, 5),)),), 5.0, 22),
        ((S("linux/amd64 a 1/2", times=((0, None),)),), 15.0, 22),
        # The first step was cached this time: all of its time is saved.
        ((S("linux/amd64 a 1/2", times=((0, 0),), cached=True),), 1.0, 22),
        (
            (
                S("linux/amd64 a 1/2", times=((0, 10),)),
                S("linux/amd64 a 2/2", times=((10, None),)),
            ),
            29.0,
            3,
        ),
    ],
)
def test_the_time_left_depends_on_the_position_on_the_critical_path(steps, seconds, expected):
    assert left(ran(*steps), seconds, sample()) == expected


def test_cache_hits_select_the_similar_runs():
    warm, cold = sample(WARM, at=5.0), sample(COLD, at=1.0)
    hit = ran(S("linux/amd64 a 1/2", times=((0, 0),), cached=True))
    missed = ran(S("linux/amd64 a 1/2", times=((0, None),)))
    assert left(missed, 2.0, cold, warm) == 30
    assert left(hit, 0.2, cold, warm) == pytest.approx(1, abs=0.2)


def test_a_step_that_runs_but_was_always_cached_makes_the_time_unknown():
    runs = ran(S("linux/amd64 a 1/2", times=((0, None),)))
    assert left(runs, 30.0, sample(WARM)) is None


def test_an_unknown_step_makes_the_forecast_a_lower_bound():
    runs = ran(S("linux/amd64 new 1/1", times=((0, None),)))
    forecast = Forecast([sample()])
    assert not_none(forecast.target(runs, T0 + 1.0)).whole
    assert not not_none(forecast.target(runs, T0 + 5.0)).whole


def test_native_and_emulated_steps_are_different_steps():
    """A native step gives no estimate for the same step under an emulator."""
    runs = ran(S("linux/arm64 a 1/2", times=((0, None),)))
    native = StepRecord(label="a 1/2 RUN it", platform=ARM, how="native", end=1, on_path=True)
    assert not not_none(Forecast([sample((native,))]).target(runs, T0 + 5.0)).whole


def _waiting(jobs: int) -> RunState:
    targets = tuple(
        TargetInfo(name=name, variant="redis", platforms=BOTH) for name in ("a", "b", "c")
    )
    state = RunState(RunInfo(id="r", created=T0, targets=targets, host=AMD, jobs=jobs))
    state.apply_event(events.RunStarted(at=T0, pid=1))
    return state


@pytest.mark.parametrize(("jobs", "left_over"), [(0, 42), (1, 106), (2, 74)])
def test_the_number_of_jobs_delays_waiting_targets(jobs: int, left_over: float) -> None:
    """Three targets of 32 s, each with 10 s of checks, which don't delay other builds."""
    kind = msgspec.structs.replace(sample().kind, concurrency=jobs or 3)
    known = msgspec.structs.replace(sample(tail=10.0), kind=kind)
    assert not_none(Forecast([known]).run(_waiting(jobs), T0)).seconds == left_over


def test_a_built_target_has_only_its_checks_left() -> None:
    state = _waiting(0)
    for name in state.targets:
        state.apply_event(
            events.TargetStarted(at=T0, target=name, attempt=1, stream=f"{name}.rawjson")
        )
        state.apply_event(
            events.TargetEnded(at=T0 + 30, target=name, attempt=1, outcome=Outcome.PASSED)
        )
    forecast = Forecast([sample(tail=10.0, checks={AMD: 2.0, ARM: 8.0})])
    assert not_none(forecast.run(state, T0 + 33)).seconds == 8
    state.apply_event(events.CheckStarted(at=T0 + 33, target="a", platform=ARM, emulated=True))
    lane = state.lane("a", ARM)
    assert lane is not None
    assert not_none(forecast.lane(lane, T0 + 36)).seconds == 5
    # Longer than any earlier time: expected to end any moment.
    assert not_none(forecast.lane(lane, T0 + 300)).seconds == 0


def test_a_push_has_no_forecast() -> None:
    info = msgspec.structs.replace(_waiting(0).info, push=True, check=False)
    state = RunState(info)
    state.apply_event(events.RunStarted(at=T0, pid=1))
    forecast = Forecast([sample()])
    guess = not_none(forecast.run(state, T0))
    assert (guess.seconds, guess.whole) == (32, False)
    for name in state.targets:
        state.apply_event(
            events.TargetStarted(at=T0, target=name, attempt=1, stream=f"{name}.rawjson")
        )
        state.apply_event(
            events.TargetEnded(at=T0 + 30, target=name, attempt=1, outcome=Outcome.PASSED)
        )
    assert state.in_progress
    assert forecast.run(state, T0 + 31) is None


def test_an_unknown_target_makes_the_forecast_a_lower_bound() -> None:
    info = msgspec.structs.replace(
        _waiting(0).info,
        targets=(
            TargetInfo(name="a", variant="redis", platforms=BOTH),
            TargetInfo(name="b", variant="kafka", platforms=BOTH),
        ),
    )
    state = RunState(info)
    state.apply_event(events.RunStarted(at=T0, pid=1))
    guess = not_none(Forecast([sample()]).run(state, T0))
    assert (guess.seconds, guess.whole) == (32, False)


def test_a_target_requests_the_kind_of_sample_that_it_gives() -> None:
    state = state_of(recording("cold"))
    given_kinds = [one.kind for one in samples_of(record_of(state))]
    assert [wanted(target) for target in state.targets.values()] == given_kinds


# -- the countdown on screen --------------------------------------------------------------------


def test_a_countdown_counts_down_with_the_clock():
    countdown = Countdown()
    assert [countdown.feed(10.0 - at, T0 + at) for at in range(4)] == [10, 9, 8, 7]


def test_a_countdown_moves_smoothly_to_a_new_estimate():
    countdown = Countdown()
    countdown.feed(10.0, T0)
    seen = [not_none(countdown.feed(60.0 - 0.5 * s, T0 + 0.5 * s)) for s in range(1, 41)]
    assert seen[0] < 30
    assert seen[-1] == pytest.approx(40, abs=0.1)


def test_estimates_at_the_same_moment_replace_each_other():
    countdown = Countdown()
    assert [countdown.feed(left, T0) for left in (10.0, 3.0, 5.0)] == [10.0, 3.0, 5.0]


def test_an_unknown_time_is_shown_immediately():
    countdown = Countdown()
    countdown.feed(10.0, T0)
    assert countdown.feed(None, T0 + 1) is None
    assert countdown.feed(5.0, T0 + 2) == 5.0


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.floats(-10, 1e4)),
        min_size=1,
    )
)
def test_a_countdown_is_never_negative_and_stays_between_old_and_new(estimates):
    countdown, at = Countdown(), T0
    for passed, seconds in estimates:
        before = countdown.seconds
        at += passed
        seen = not_none(countdown.feed(seconds, at))
        assert seen >= 0
        if before is not None:
            due = max(0.0, before - passed)
            low, high = sorted((due, max(0.0, seconds)))
            assert low - 1e-6 <= seen <= high + 1e-6


times = st.floats(min_value=0, max_value=1000)


@st.composite
def random_targets(draw):
    """A target with steps in any order, time and state."""
    made = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(times)
        over = draw(st.booleans())
        made.append(
            S(
                f"{draw(st.sampled_from(BOTH))} a {number}/5",
                times=((start, start + draw(times) if over else None),),
                cached=over and draw(st.booleans()),
            )
        )
    return ran(*made)


@st.composite
def random_samples(draw):
    steps = []
    for number in range(draw(st.integers(1, 5))):
        start = draw(times)
        steps.append(
            StepRecord(
                label=f"a {number}/5 RUN it",
                platform=draw(st.sampled_from(BOTH)),
                how=draw(st.sampled_from(["", "native", "emulated"])),
                cached=draw(st.booleans()),
                start=start,
                end=start + draw(times),
                on_path=draw(st.booleans()),
            )
        )
    return sample(tuple(steps), tail=draw(times))


@given(random_targets(), st.lists(random_samples(), min_size=1, max_size=4), st.floats(0, 5000))
def test_the_time_left_is_never_negative_nor_more_than_the_longest_sample(target, samples, now):
    guess = Forecast(samples).target(target, T0 + now)
    if guess is not None:
        most = max(one.build for one in samples) + max(
            step.seconds for one in samples for step in one.steps
        )
        assert 0 <= guess.seconds <= most + max(one.tail for one in samples)
