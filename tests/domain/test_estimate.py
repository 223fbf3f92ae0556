"""How long it takes by how long it took: which samples count, and what they say together."""

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
from tests.domain.certain import sure
from tests.recordings import recording, state_of

AMD, ARM = "linux/amd64", "linux/arm64"
REDIS = EstimateRequest(variant="redis", platforms=(AMD, ARM), place="here", host=AMD)


def sample(build: float, at: float = 0.0, **more: Any) -> Sample:
    fields = {f: more.pop(f) for f in tuple(more) if f in EstimateRequest.__struct_fields__}
    return Sample(kind=msgspec.structs.replace(REDIS, **fields), at=at, build=build, **more)


def step(label: str, start: float, end: float, platform: str = AMD, **more: Any) -> StepRecord:
    return StepRecord(label=label, platform=platform, start=start, end=end, **more)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], None),
        ([4.0], Estimate(4.0, 0.0, 1)),
        ([1.0, 2.0, 3.0], Estimate(2.0, 1.4826, 3)),
        # One that went wrong moves neither.
        ([2.0, 2.0, 2.0, 900.0], Estimate(2.0, 0.0, 4)),
    ],
)
def test_the_middle_and_how_far_off_it_may_be(values, told):
    assert typical(values) == told


@pytest.mark.parametrize(
    "other",
    [
        {"variant": "kafka"},
        {"place": "elsewhere"},
        {"host": "linux/arm64"},
        {"platforms": ("linux/386",)},
    ],
)
def test_of_another_kind_nothing_is_learnt(other):
    assert before_start([sample(5.0, **other)], REDIS) is None


def test_without_history_nothing_is_known():
    assert before_start([], REDIS) is None
    assert together([None, None], 0) is None
    assert together([], 0) is None


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"platforms": (AMD,)}, {}),
        ({"node": "far"}, {}),
        # As likely as not, others took their share of the machine.
        ({"platforms": (AMD, ARM, "linux/386")}, {"node": ""}),
    ],
)
def test_the_likest_kind_counts_and_no_other(worse, better):
    found = like([sample(90.0, at=2.0, **worse), sample(5.0, at=1.0, **better)], REDIS)
    assert [one.build for one in found] == [5.0]


def test_the_latest_come_first_and_only_some_count():
    many = [sample(100.0, at=float(at)) for at in range(10)]
    many += [sample(5.0, at=100.0 + at) for at in range(5)]
    assert before_start(many, REDIS) == Estimate(5.0, 0.0, 5)


def test_those_with_as_much_company_count_if_there_are_two():
    alone = [sample(5.0, at=9.0 + at, beside=1) for at in range(3)]
    crowded = [sample(50.0, at=float(at), beside=8) for at in range(2)]
    wants = msgspec.structs.replace(REDIS, beside=8)
    assert [one.build for one in like(alone + crowded, wants)] == [50.0, 50.0]
    # One alone may have been an accident: all of them count, it first.
    assert [one.build for one in like(alone + crowded[:1], wants)] == [50.0, 5.0, 5.0, 5.0]


def test_checks_count_where_there_will_be_some():
    known = [sample(5.0, tail=3.0)]
    assert sure(before_start(known, REDIS)).seconds == 8.0
    assert sure(before_start(known, REDIS, check=False)).seconds == 5.0


def test_what_was_built_on_more_platforms_is_cut():
    """The emulated lane took long; without it only the export is left after the native one."""
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


def test_what_was_built_on_fewer_platforms_is_a_part():
    wants = msgspec.structs.replace(REDIS, platforms=(AMD, ARM))
    guess = before_start([sample(4.0, platforms=(AMD,))], wants)
    assert guess == Estimate(4.0, 0.0, 1, whole=False)


@pytest.mark.parametrize(
    ("guesses", "jobs", "seconds", "whole"),
    [
        # Side by side the slowest counts, in a row they add up.
        ((30, 20, 5), 0, 30, True),
        ((30, 20, 5), 1, 55, True),
        ((30, 20, 5), 2, 30, True),
        ((20, 5, 30), 2, 35, True),
        ((10,), 8, 10, True),
        ((10, None), 0, 10, False),
    ],
)
def test_targets_together(guesses, jobs, seconds, whole):
    told = sure(together([None if g is None else Estimate(float(g)) for g in guesses], jobs))
    assert (told.seconds, told.whole) == (seconds, whole)


def test_a_part_that_is_not_whole_leaves_none_whole():
    assert not sure(together([Estimate(5.0), Estimate(1.0, whole=False)], 0)).whole


def test_a_push_takes_nobody_knows_how_long():
    assert not sure(together([Estimate(5.0)], 0, push=True)).whole


def test_a_real_run_teaches_its_targets():
    record = record_of(state_of(recording("cold")))
    samples = samples_of(record)
    assert [one.kind.variant for one in samples] == [t.name for t in record.targets]
    assert {one.kind.beside for one in samples} == {8}
    # Eight targets with checks: the last is verified when the run is over.
    assert max(one.build + one.tail for one in samples) == pytest.approx(record.seconds, abs=1.5)


def test_neither_failures_nor_other_machines_teach():
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
        beside=draw(st.integers(1, 9)),
        steps=tuple(draw(st.lists(steps(), max_size=5))),
    )


@given(st.lists(samples(), max_size=8), st.sampled_from([(AMD,), (ARM,), (AMD, ARM)]))
def test_an_estimate_lies_within_what_was(known, platforms):
    wants = msgspec.structs.replace(REDIS, platforms=platforms)
    guess = before_start(known, wants)
    assert (guess is None) == (not like(known, wants))
    if guess is not None:
        cut = [one.build + one.tail for one in like(known, wants)]
        assert 0 <= min(cut) <= guess.seconds <= max(cut)
        assert guess.spread >= 0


@given(st.lists(times, min_size=1, max_size=8), st.integers(0, 9))
def test_together_takes_no_less_than_the_longest_and_no_more_than_all(seconds, jobs):
    told = sure(together([Estimate(one) for one in seconds], jobs))
    assert max(seconds) <= told.seconds <= sum(seconds) * 1.000001
