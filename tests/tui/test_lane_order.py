"""The visible lanes, which keep their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.run.lane_grid import begin_busiest_first, busiest_first


def keys(word: str) -> list[tuple[str, str]]:
    return [(letter, "linux/amd64") for letter in word]


R, C, W, F, P = Status.RUNNING, Status.CHECKING, Status.WAITING, Status.FAILED, Status.PASSED


@pytest.mark.parametrize(
    ("order", "statuses", "places", "expected"),
    [
        ("abcd", [R, R, R, R], 2, "abcd"),
        ("abcd", [P, R, R, R], 2, "cbda"),
        ("abcd", [R, P, W, R], 2, "adcb"),
        ("abcd", [R, R, R, F], 2, "adbc"),
        ("abcd", [P, P, P, F], 2, "adbc"),
        ("abcd", [P, C, W, P], 2, "cbad"),
        ("abcd", [P, R, P, F], 4, "abcd"),
        ("dcab", [R, R, R, R], 2, "dcab"),
        ("", [], 3, ""),
    ],
)
def test_a_quiet_lane_is_swapped_with_a_busier_one_and_no_other_moves(
    order, statuses, places, expected
):
    plan = dict(zip(keys("abcd"), statuses, strict=False))
    assert busiest_first(keys(order), plan, places) == keys(expected)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([R, R, R, R], "abcd"), ([P, R, R, R], "bcda"), ([R, P, P, F], "adbc")],
)
def test_initially_the_busiest_are_in_the_order_of_the_plan(statuses, expected):
    plan = dict(zip(keys("abcd"), statuses, strict=True))
    assert begin_busiest_first(plan, 2) == keys(expected)


@given(
    st.lists(st.sampled_from(list(Status)), max_size=20),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_no_lane_is_lost_and_no_busier_one_is_hidden(statuses, places, random):
    plan = {(str(number), "linux/amd64"): status for number, status in enumerate(statuses)}
    order = list(plan)
    random.shuffle(order)
    found = busiest_first(order, plan, places)
    assert sorted(found) == sorted(order)
    assert busiest_first(found, plan, places) == found
    moved = [
        (old, new) for old, new in zip(order[:places], found[:places], strict=True) if old != new
    ]
    assert all(old not in found[:places] and new not in order[:places] for old, new in moved)
    if any(status is F for status in statuses):
        assert plan[found[0]] is F or F in {plan[key] for key in found[:places]}
