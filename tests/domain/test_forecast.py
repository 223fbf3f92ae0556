"""What is left of a run that goes on: by its own kind it is known, by no kind it isn't."""

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
from tests.domain.certain import sure
from tests.domain.graphs import BOTH, T0, S, target_of
from tests.recordings import recording, state_of

AMD, ARM = BOTH
PARTS = [part / 20 for part in range(20)]


@pytest.mark.parametrize("name", ["cold", "warm", "checked", "emulated"])
def test_a_run_that_goes_as_the_one_before_is_known_to_its_end(name: str) -> None:
    """The best that a forecast can be: the very same run over again."""
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


def test_nothing_is_known_of_a_first_run() -> None:
    for _, now, state in moments(recording("checked"), [0.0, 0.5, 0.9]):
        forecast = Forecast([])
        assert forecast.run(state, now) is None
        assert [forecast.target(t, now) for t in state.targets.values()] == [None, None]
        assert [forecast.lane(lane, now) for lane in state.lanes] == [None] * len(state.lanes)


def test_nothing_is_left_of_what_is_over() -> None:
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
    ("steps", "seconds", "told"),
    [
        # Nothing of it is known yet: what it took.
        ((), 0.0, 32),
        # In the midst of the first step, as it was; and when it was quicker, or takes longer.
        ((S("linux/amd64 a 1/2", times=((0, None),)),), 4.0, 28),
        ((S("linux/amd64 a 1/2", times=((0, 5),)),), 5.0, 22),
        ((S("linux/amd64 a 1/2", times=((0, None),)),), 15.0, 22),
        # The first was cached this time: all of its time is saved.
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
def test_where_it_stands_on_the_path_tells_what_is_left(steps, seconds, told):
    assert left(ran(*steps), seconds, sample()) == told


def test_what_is_cached_tells_which_runs_are_alike():
    warm, cold = sample(WARM, at=5.0), sample(COLD, at=1.0)
    hit = ran(S("linux/amd64 a 1/2", times=((0, 0),), cached=True))
    missed = ran(S("linux/amd64 a 1/2", times=((0, None),)))
    assert left(missed, 2.0, cold, warm) == 30
    assert left(hit, 0.2, cold, warm) == pytest.approx(1, abs=0.2)


def test_a_step_that_was_always_cached_and_now_runs_makes_it_unknown():
    runs = ran(S("linux/amd64 a 1/2", times=((0, None),)))
    assert left(runs, 30.0, sample(WARM)) is None


def test_a_step_that_nobody_knows_makes_it_longer_than_that():
    runs = ran(S("linux/amd64 new 1/1", times=((0, None),)))
    forecast = Forecast([sample()])
    assert sure(forecast.target(runs, T0 + 1.0)).whole
    assert not sure(forecast.target(runs, T0 + 5.0)).whole


def test_how_a_step_ran_belongs_to_it():
    """What ran native tells nothing of the same step under an emulator."""
    runs = ran(S("linux/arm64 a 1/2", times=((0, None),)))
    native = StepRecord(label="a 1/2 RUN it", platform=ARM, how="native", end=1, on_path=True)
    assert not sure(Forecast([sample((native,))]).target(runs, T0 + 5.0)).whole


def _waiting(jobs: int) -> RunState:
    targets = tuple(
        TargetInfo(name=name, variant="redis", platforms=BOTH) for name in ("a", "b", "c")
    )
    state = RunState(RunInfo(id="r", created=T0, targets=targets, host=AMD, jobs=jobs))
    state.apply_event(events.RunStarted(at=T0, pid=1))
    return state


@pytest.mark.parametrize(("jobs", "told"), [(0, 42), (1, 106), (2, 74)])
def test_targets_wait_for_each_other(jobs: int, told: float) -> None:
    """Three of 32 s, each with 10 s of checks, which keep no other from being built."""
    kind = msgspec.structs.replace(sample().kind, beside=jobs or 3)
    known = msgspec.structs.replace(sample(tail=10.0), kind=kind)
    assert sure(Forecast([known]).run(_waiting(jobs), T0)).seconds == told


def test_of_what_is_built_the_checks_are_left() -> None:
    state = _waiting(0)
    for name in state.targets:
        state.apply_event(
            events.TargetStarted(at=T0, target=name, attempt=1, stream=f"{name}.rawjson")
        )
        state.apply_event(
            events.TargetEnded(at=T0 + 30, target=name, attempt=1, outcome=Outcome.PASSED)
        )
    forecast = Forecast([sample(tail=10.0, checks={AMD: 2.0, ARM: 8.0})])
    assert sure(forecast.run(state, T0 + 33)).seconds == 8
    state.apply_event(events.CheckStarted(at=T0 + 33, target="a", platform=ARM, emulated=True))
    lane = state.lane("a", ARM)
    assert lane is not None
    assert sure(forecast.lane(lane, T0 + 36)).seconds == 5
    # Longer than ever: any moment now.
    assert sure(forecast.lane(lane, T0 + 300)).seconds == 0


def test_nobody_knows_how_long_a_push_takes() -> None:
    info = msgspec.structs.replace(_waiting(0).info, push=True, check=False)
    state = RunState(info)
    state.apply_event(events.RunStarted(at=T0, pid=1))
    forecast = Forecast([sample()])
    guess = sure(forecast.run(state, T0))
    assert (guess.seconds, guess.whole) == (32, False)
    for name in state.targets:
        state.apply_event(
            events.TargetStarted(at=T0, target=name, attempt=1, stream=f"{name}.rawjson")
        )
        state.apply_event(
            events.TargetEnded(at=T0 + 30, target=name, attempt=1, outcome=Outcome.PASSED)
        )
    assert state.goes_on
    assert forecast.run(state, T0 + 31) is None


def test_a_target_that_is_unknown_leaves_the_run_longer_than_that() -> None:
    info = msgspec.structs.replace(
        _waiting(0).info,
        targets=(
            TargetInfo(name="a", variant="redis", platforms=BOTH),
            TargetInfo(name="b", variant="kafka", platforms=BOTH),
        ),
    )
    state = RunState(info)
    state.apply_event(events.RunStarted(at=T0, pid=1))
    guess = sure(Forecast([sample()]).run(state, T0))
    assert (guess.seconds, guess.whole) == (32, False)


def test_what_a_target_wants_is_of_the_kind_that_it_teaches() -> None:
    state = state_of(recording("cold"))
    taught = [one.kind for one in samples_of(record_of(state))]
    assert [wanted(target) for target in state.targets.values()] == taught


# -- what a person sees ------------------------------------------------------------------------


def test_a_countdown_goes_with_the_time():
    countdown = Countdown()
    assert [countdown.feed(10.0 - at, T0 + at) for at in range(4)] == [10, 9, 8, 7]


def test_what_is_newly_known_moves_it_there_without_a_leap():
    countdown = Countdown()
    countdown.feed(10.0, T0)
    seen = [sure(countdown.feed(60.0 - 0.5 * s, T0 + 0.5 * s)) for s in range(1, 41)]
    assert seen[0] < 30
    assert seen[-1] == pytest.approx(40, abs=0.1)


def test_more_that_is_known_at_the_same_moment_counts_at_once():
    countdown = Countdown()
    assert [countdown.feed(left, T0) for left in (10.0, 3.0, 5.0)] == [10.0, 3.0, 5.0]


def test_unknown_is_said_at_once():
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
def test_a_countdown_is_never_negative_and_stays_between(told):
    countdown, at = Countdown(), T0
    for passed, seconds in told:
        before = countdown.seconds
        at += passed
        seen = sure(countdown.feed(seconds, at))
        assert seen >= 0
        if before is not None:
            due = max(0.0, before - passed)
            low, high = sorted((due, max(0.0, seconds)))
            assert low - 1e-6 <= seen <= high + 1e-6


times = st.floats(min_value=0, max_value=1000)


@st.composite
def lived(draw):
    """A target with steps in whatever order, time and state."""
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
def taught(draw):
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


@given(lived(), st.lists(taught(), min_size=1, max_size=4), st.floats(0, 5000))
def test_whatever_was_what_is_left_is_never_negative_nor_more_than_ever(target, samples, now):
    guess = Forecast(samples).target(target, T0 + now)
    if guess is not None:
        most = max(one.build for one in samples) + max(
            step.seconds for one in samples for step in one.steps
        )
        assert 0 <= guess.seconds <= most + max(one.tail for one in samples)
