"""Time spans of steps, targets and runs; and cache hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from openhqm_tui.domain.formatting import count_text, percent_text
from openhqm_tui.domain.run.decisions import was_cut_off
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState

# A start and an end, in seconds since the epoch.
Span = tuple[float, float]


def spans(step: StepState, until: float) -> list[Span]:
    """Return when a step ran, with overlaps merged; open intervals end at `until`."""
    if len(step.intervals) == 1:
        [(start, end)] = step.intervals.items()
        return [(start, max(start, until if end is None else end))]
    return merged((start, until if end is None else end) for start, end in step.intervals.items())


def merged(parts: Iterable[Span]) -> list[Span]:
    """Merge overlapping intervals, in order; one that ends before its start is a point."""
    whole: list[Span] = []
    for start, end in sorted(parts):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, max(start, end)))
    return whole


def covered(parts: Iterable[Span]) -> float:
    """Return the seconds covered by intervals; overlaps count once."""
    return sum(end - start for start, end in merged(parts))


def build_is_over(target: TargetState) -> bool:
    """Return whether no step of a target will continue by itself."""
    return target.ended is not None or target.status.is_over or target.run.interrupted


def target_span(target: TargetState, now: float) -> Span:
    """Return the start and end of a target's build, or `now` while it is running."""
    start = target.started if target.started is not None else now
    if target.ended is not None:
        return start, max(start, target.ended)
    if not build_is_over(target):
        return start, max(start, now)
    # The end of a killed build wasn't recorded: use the last known moment.
    return start, max([start, *_told(target.steps.values())])


def lane_spans(lane: LaneState, until: float) -> tuple[list[Span], list[Span]]:
    """Return when a lane's steps and checks ran; open intervals end at `until`."""
    built = merged(span for step in lane.steps if not step.cached for span in spans(step, until))
    asked = lane.check_started
    if asked is None:
        return built, []
    end = lane.check_ended if lane.check_ended is not None else until
    return built, [(asked, max(asked, end))]


def lane_seconds(lane: LaneState, now: float) -> float:
    """Return how long a lane took, or has taken until `now`."""
    started = lane.target.started
    if started is None:
        return 0.0
    if not lane.status.is_over and lane.done_at is None:
        return lane.target.elapsed(now)
    if lane.done_at is not None:
        return max(0.0, lane.done_at - started)
    if was_cut_off(lane):
        return lane.target.elapsed(now)
    ends = [step.ended for step in lane.steps if step.ended is not None]
    return max(0.0, max(ends) - started) if ends else lane.target.elapsed(now)


def run_span(run: RunState, now: float) -> Span:
    """Return the start and end of a run's targets, or `now` while it is in progress."""
    begun = [target for target in run.targets.values() if target.started is not None]
    start = min((target_span(target, now)[0] for target in begun), default=run.started or now)
    if run.outcome is None and not run.interrupted and run.started is not None:
        return start, max(start, now)
    checked = [lane.check_ended for lane in run.lanes if lane.check_ended is not None]
    return start, max([start, *checked, *(target_span(target, now)[1] for target in begun)])


def _told(steps: Iterable[StepState]) -> Sequence[float]:
    """Return all reported times of steps."""
    return [
        moment
        for step in steps
        for pair in step.intervals.items()
        for moment in pair
        if moment is not None
    ]


_ENDED = {Status.DONE, Status.CACHED, Status.FAILED}


class CacheHits(msgspec.Struct, frozen=True):
    """How many of the cacheable `steps` were `cached`."""

    cached: int
    steps: int

    @property
    def words(self) -> str:
        """Return it as text: `41 of 52 steps cached (79 %)`; '' without such steps."""
        if not self.steps:
            return ""
        part = percent_text(self.cached / self.steps)
        return f"{self.cached} of {count_text(self.steps, 'step')} cached ({part})"


def could_be_cached(step: StepState) -> bool:
    """Return whether a step is cacheable, and known to be cached or not.

    These are the Dockerfile's own instructions. A `FROM` creates nothing; loading contexts,
    resolving names and exporting is done every time. It is unknown whether a cancelled step was
    cached.
    """
    return bool(step.name.of) and not _begins_stage(step) and step.status in _ENDED


def hits_of(of: RunState | TargetState | LaneState) -> CacheHits:
    """Return the hits of a lane, of a target, or of all targets of a run.

    A step that several targets share counts for each: each saved it, or waited for it. BuildKit
    reports a step that two builds share while it runs twice to one of them; it counts twice.
    """
    if isinstance(of, RunState):
        return _counted(step for target in of.targets.values() for step in target.steps.values())
    return _counted(of.steps.values() if isinstance(of, TargetState) else of.steps)


def _counted(steps: Iterable[StepState]) -> CacheHits:
    counted = [step.cached for step in steps if could_be_cached(step)]
    return CacheHits(cached=sum(counted), steps=len(counted))


def _begins_stage(step: StepState) -> bool:
    return step.name.title.split(" ", 1)[0].upper() == "FROM"
