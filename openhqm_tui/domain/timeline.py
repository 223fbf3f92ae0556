"""When things ran: stretches of time, merged, and the time that a target or a run spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openhqm_tui.domain.state import RunState, TargetState
from openhqm_tui.domain.step_state import StepState

# A start and an end, in seconds since the epoch.
Span = tuple[float, float]


def spans(step: StepState, until: float) -> list[Span]:
    """Return when a step ran, overlaps merged; what is still open ends at `until`."""
    if len(step.intervals) == 1:
        [(start, end)] = step.intervals.items()
        return [(start, max(start, until if end is None else end))]
    return merged((start, until if end is None else end) for start, end in step.intervals.items())


def merged(parts: Iterable[Span]) -> list[Span]:
    """Return the same time as few stretches in order; one that ends before it starts is a point."""
    whole: list[Span] = []
    for start, end in sorted(parts):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, max(start, end)))
    return whole


def covered(parts: Iterable[Span]) -> float:
    """Return the seconds that stretches cover; overlaps count once."""
    return sum(end - start for start, end in merged(parts))


def target_span(target: TargetState, now: float) -> Span:
    """Return when a target began and when its build was over, or `now` while it goes on."""
    start = target.started if target.started is not None else now
    if target.ended is not None:
        return start, max(start, target.ended)
    if not target.status.is_over:
        return start, max(start, now)
    return start, max([start, *_told(target.steps.values())])


def run_span(run: RunState, now: float) -> Span:
    """Return when a run began and when it was over, or `now` while it goes on."""
    start = run.started if run.started is not None else now
    if run.ended is not None:
        return start, max(start, run.ended)
    if not run.status.is_over:
        return start, max(start, now)
    # Nobody wrote down the end of a run that was interrupted: the last that is known of it.
    lanes = [lane.check_ended for lane in run.lanes if lane.check_ended is not None]
    ends = [target_span(target, start)[1] for target in run.targets.values()]
    return start, max([start, *lanes, *ends])


def _told(steps: Iterable[StepState]) -> Sequence[float]:
    """Return every moment that the build has told of steps."""
    return [
        moment
        for step in steps
        for pair in step.intervals.items()
        for moment in pair
        if moment is not None
    ]
