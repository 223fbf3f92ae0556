"""Estimates from earlier runs: which samples count, and how they combine."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.history.estimate import (
    Estimate,
    EstimateRequest,
    Sample,
    before_start,
    like,
    samples_of,
    together,
    typical,
)
from openhqm_tui.domain.history.record import StepRecord, record_of
from tests.domain.optional import not_none
from tests.recordings import recording, state_of

AMD, ARM = "linux/amd64", "linux/arm64"
REDIS = EstimateRequest(variant="redis", platforms=(AMD, ARM), place="here", host=AMD)


def sample(build: float, at: float = 0.0, **more: Any) -> Sample:
    fields = {f: more.pop(f) for f in tuple(more) if f in EstimateRequest.__struct_fields__}
    return Sample(kind=msgspec.structs.replace(REDIS, **fields), at=at, build=build, **more)


def step(label: str, start: float, end: float, platform: str = AMD, **more: Any) -> StepRecord:
    return StepRecord(label=label, platform=platform, start=start, end=end, **more)


@pytest.mark.parametrize(
    ("values", "estimate"),
    [
        ([], None),
        ([4.0], Estimate(4.0, 0.0, 1)),
        ([1.0, 2.0, 3.0], Estimate(2.0, 1.4826, 3)),
        # One outlier changes neither.
        ([2.0, 2.0, 2.0, 900.0], Estimate(2.0, 0.0, 4)),
    ],
)
def test_an_estimate_is_the_median_with_its_spread(values, estimate):
    assert typical(values) == estimate


@pytest.mark.parametrize(
    "other",
    [
        {"variant": "kafka"},
        {"place": "elsewhere"},
        {"host": "linux/arm64"},
        {"platforms": ("linux/386",)},
    ],
)
def test_samples_of_another_kind_are_ignored(other):
    assert before_start([sample(5.0, **other)], REDIS) is None


def test_without_history_there_is_no_estimate():
    assert before_start([], REDIS) is None
    assert together([None, None], 0) is None
    assert together([], 0) is None


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"platforms": (AMD,)}, {}),
        ({"node": "far"}, {}),
        # Other platforms probably took their share of the machine.
        ({"platforms": (AMD, ARM, "linux/386")}, {"node": ""}),
    ],
)
def test_only_the_most_similar_samples_count(worse, better):
    found = like([sample(90.0, at=2.0, **worse), sample(5.0, at=1.0, **better)], REDIS)
    assert [one.build for one in found] == [5.0]


def test_only_the_latest_samples_count():
    many = [sample(100.0, at=float(at)) for at in range(10)]
    many += [sample(5.0, at=100.0 + at) for at in range(5)]
    assert before_start(many, REDIS) == Estimate(5.0, 0.0, 5)


def test_samples_with_as_many_parallel_targets_count_if_there_are_two():
    alone = [sample(5.0, at=9.0 + at, concurrency=1) for at in range(3)]
    crowded = [sample(50.0, at=float(at), concurrency=8) for at in range(2)]
    request = msgspec.structs.replace(REDIS, concurrency=8)
    assert [one.build for one in like(alone + crowded, request)] == [50.0, 50.0]
    # A single sample may be an outlier: all of them count, that one first.
    assert [one.build for one in like(alone + crowded[:1], request)] == [50.0, 5.0, 5.0, 5.0]


def test_checks_count_if_the_run_has_checks():
    known = [sample(5.0, tail=3.0)]
    assert not_none(before_start(known, REDIS)).seconds == 8.0
    assert not_none(before_start(known, REDIS, check=False)).seconds == 5.0


def test_a_sample_with_more_platforms_is_reduced_to_the_requested_ones():
    """The emulated lane was slow; without it only the export remains after the native one."""
    both = sample(
        32.0,
        checks={AMD: 1.0, ARM: 9.0},
        steps=(
            step("a", 0, 4),
            step("a", 0, 30, ARM, on_path=True),
            step("export", 30, 32, "", on_path=True),
        ),
    )
    (cut,) = like([both], msgspec.structs.replace(REDIS, platforms=(AMD,)))
    assert (cut.build, cut.checks, cut.kind.platforms) == (6.0, {AMD: 1.0}, (AMD,))
    assert [(s.label, s.start, s.end, s.on_path) for s in cut.steps] == [
        ("a", 0, 4, True),
        ("export", 4, 6, True),
    ]


def test_a_sample_with_fewer_platforms_is_a_lower_bound():
    request = msgspec.structs.replace(REDIS, platforms=(AMD, ARM))
    guess = before_start([sample(4.0, platforms=(AMD,))], request)
    assert guess == Estimate(4.0, 0.0, 1, whole=False)


@pytest.mark.parametrize(
    ("guesses", "jobs", "seconds", "whole"),
    [
        # In parallel the slowest counts, in sequence they add up.
        ((30, 20, 5), 0, 30, True),
        ((30, 20, 5), 1, 55, True),
        ((30, 20, 5), 2, 30, True),
        ((20, 5, 30), 2, 35, True),
        ((10,), 8, 10, True),
        ((10, None), 0, 10, False),
    ],
)
def test_targets_are_combined_by_the_number_of_jobs(guesses, jobs, seconds, whole):
    found = not_none(together([None if g is None else Estimate(float(g)) for g in guesses], jobs))
    assert (found.seconds, found.whole) == (seconds, whole)


def test_one_lower_bound_makes_the_total_a_lower_bound():
    assert not not_none(together([Estimate(5.0), Estimate(1.0, whole=False)], 0)).whole


def test_a_push_makes_the_estimate_a_lower_bound():
    assert not not_none(together([Estimate(5.0)], 0, push=True)).whole


def test_a_recorded_run_gives_a_sample_for_each_target():
    record = record_of(state_of(recording("cold")))
    samples = samples_of(record)
    assert [one.kind.variant for one in samples] == [t.name for t in record.targets]
    assert {one.kind.concurrency for one in samples} == {8}
    # Eight targets with checks: the last one is verified when the run ends.
    assert max(one.build + one.tail for one in samples) == pytest.approx(record.seconds, abs=1.5)


def test_failed_targets_and_imported_runs_give_no_samples():
    failed = record_of(state_of(recording("bake_fails")))
    built = [target.variant for target in failed.targets if target.outcome == "passed"]
    assert [one.kind.variant for one in samples_of(failed)] == built
    assert len(built) < len(failed.targets)
    assert samples_of(record_of(state_of(recording("warm")), imported=True)) == []
    assert len(samples_of(record_of(state_of(recording("warm"))))) == 2


times = st.floats(min_value=0, max_value=1e5)


@st.composite
def steps(draw):
    start = draw(times)
    return step(
        draw(st.sampled_from("abcd")),
        start,
        start + draw(times),
        draw(st.sampled_from(["", AMD, ARM])),
        on_path=draw(st.booleans()),
    )


@st.composite
def samples(draw):
    return sample(
        draw(times),
        at=draw(times),
        tail=draw(times),
        platforms=draw(st.sampled_from([(AMD,), (ARM,), (AMD, ARM)])),
        concurrency=draw(st.integers(1, 9)),
        steps=tuple(draw(st.lists(steps(), max_size=5))),
    )


@given(st.lists(samples(), max_size=8), st.sampled_from([(AMD,), (ARM,), (AMD, ARM)]))
def test_an_estimate_is_between_the_shortest_and_longest_sample(known, platforms):
    request = msgspec.structs.replace(REDIS, platforms=platforms)
    guess = before_start(known, request)
    assert (guess is None) == (not like(known, request))
    if guess is not None:
        cut = [one.build + one.tail for one in like(known, request)]
        assert 0 <= min(cut) <= guess.seconds <= max(cut)
        assert guess.spread >= 0


@given(st.lists(times, min_size=1, max_size=8), st.integers(0, 9))
def test_the_total_is_between_the_longest_target_and_the_sum(seconds, jobs):
    found = not_none(together([Estimate(one) for one in seconds], jobs))
    assert max(seconds) <= found.seconds <= sum(seconds) * 1.000001
