"""Spans of time: merged, summed, and the start and end of builds."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run.timeline import (
    covered,
    lane_spans,
    merged,
    run_span,
    spans,
    target_span,
)
from tests.domain.graphs import T0, S, target_of
from tests.recordings import recording, state_of


@pytest.mark.parametrize(
    ("parts", "whole", "seconds"),
    [
        ([], [], 0),
        ([(1, 2)], [(1, 2)], 1),
        ([(3, 4), (1, 2)], [(1, 2), (3, 4)], 2),
        ([(1, 3), (2, 5)], [(1, 5)], 4),
        ([(1, 2), (2, 3)], [(1, 3)], 2),
        ([(1, 9), (2, 3)], [(1, 9)], 8),
        ([(5, 1)], [(5, 5)], 0),
        ([(2, 2)], [(2, 2)], 0),
    ],
)
def test_overlapping_spans_are_merged(parts, whole, seconds) -> None:
    assert merged(parts) == whole
    assert covered(parts) == seconds


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((), []),
        (((1, 2),), [(1, 2)]),
        (((1, None),), [(1, 8)]),
        (((1, 3), (2, None)), [(1, 8)]),
        (((9, None),), [(9, 9)]),
        (((0, 0), (0.5, 1), (3, 4)), [(0, 0), (0.5, 1), (3, 4)]),
    ],
)
def test_spans_of_a_step_end_at_the_end_of_the_axis(times, found) -> None:
    target = target_of(S("a", "", times))
    assert spans(target.steps["a"], T0 + 8) == [(T0 + a, T0 + b) for a, b in found]


def test_a_target_spans_from_its_start_to_its_end_or_now() -> None:
    step = S("a", "", ((1, 2),))
    assert target_span(target_of(step), T0 + 5) == (T0, T0 + 5)
    assert target_span(target_of(step, end=3), T0 + 5) == (T0, T0 + 3)


def test_a_killed_build_ends_with_its_last_record() -> None:
    target = target_of(S("a", "", ((1, 2),)), S("b", "a", ((2.5, None),)))
    target.run.end_interrupted()
    assert target_span(target, T0 + 500) == (T0, T0 + 2.5)


def test_a_run_spans_its_targets_and_their_checks() -> None:
    state = state_of(recording("cold"))
    start, end = run_span(state, 0)
    assert start == min(target.started for target in state.targets.values() if target.started)
    assert end == max(lane.check_ended for lane in state.lanes if lane.check_ended)
    for lane in state.lanes:
        built, checks = lane_spans(lane, end)
        assert built
        assert checks
        assert start <= built[0][0] <= built[-1][1] <= checks[0][0] <= checks[0][1] <= end


def test_a_running_run_spans_until_now() -> None:
    target = target_of(S("a", "", ((1, 2),)))
    assert run_span(target.run, T0 + 9) == (T0, T0 + 9)
