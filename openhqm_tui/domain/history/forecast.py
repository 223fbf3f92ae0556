"""The remaining time of a run in progress, by matching past builds to its current state.

The samples (see `estimate`) most similar to a build so far, by cache hits and durations of steps,
give the remaining time: from the current position on their critical paths to their ends. The
further a build is, the better the match. No clock is read: callers pass the current time, in
seconds since the epoch.
"""

from __future__ import annotations

import heapq
import math
import statistics
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from openhqm_tui.domain.history.estimate import (
    MOST_SAMPLES,
    Estimate,
    EstimateRequest,
    Sample,
    StepKey,
    like,
    place_of,
    typical,
)
from openhqm_tui.domain.history.record import StepRecord
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.secrets.redact import masked

# The number of samples to match.
_MOST_LAID = 12
# Builds are similar if they differ by at most this many seconds, or fraction of the time so far.
_ALIKE, _ALIKE_PART = 0.6, 0.25
# After this many seconds, a running step that no sample has makes the remaining time unknown.
_PATIENCE = 2.0


class RemainingTime(NamedTuple):
    """The remaining seconds of a target: its build, then its checks."""

    build: Estimate
    tail: float

    @property
    def all(self) -> Estimate:
        """Build and checks together."""
        return msgspec.structs.replace(self.build, seconds=self.build.seconds + self.tail)


class Forecast:
    """Remaining times of one run and its parts, from fixed samples and the run's state."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_variant: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_variant.setdefault(sample.kind.variant, []).append(sample)
        self._laid: dict[str, list[_Laid]] = {}
        self._keys: dict[tuple[str, str], StepKey] = {}

    def run(self, state: RunState, now: float) -> Estimate | None:
        """Return the seconds until the run has finished; None if unknown or finished.

        With a push to come it isn't whole: the time of a push can't be estimated.
        """
        if not state.in_progress:
            return None
        if not self._by_variant:
            return None
        going = [target for target in state.targets.values() if not target.status.is_over]
        left = [(target, self._left(target, now)) for target in going]
        known = [(target, one) for target, one in left if one is not None]
        push = state.info.push
        if not left:
            # Everything is done; the end will be recorded any moment.
            return None if push else Estimate(0.0)
        if not known:
            return None
        building = [one for target, one in known if target.started and target.outcome is None]
        room = (state.info.jobs or len(state.targets)) - len(building)
        slots = [one.build.seconds for one in building] + [0.0] * max(0, room)
        heapq.heapify(slots)
        ends: list[tuple[float, float]] = []
        for target, one in known:
            end = one.build.seconds
            if target.started is None and target.outcome is None and slots:
                # The next target starts when the first one ends.
                end += slots[0]
                heapq.heapreplace(slots, end)
            ends.append((end + one.tail, one.build.spread))
        seconds, spread = max(ends)
        whole = len(known) == len(left) and all(one.build.whole for _, one in known)
        return Estimate(
            seconds, spread, min(one.build.count for _, one in known), whole and not push
        )

    def target(self, target: TargetState, now: float) -> Estimate | None:
        """Return the seconds until a target is built and checked; None: unknown or finished.

        For a queued target, the time from its start.
        """
        if target.status.is_over or not target.run.in_progress:
            return None
        left = self._left(target, now)
        return left.all if left is not None else None

    def lane(self, lane: LaneState, now: float) -> Estimate | None:
        """Return the seconds until a lane is verified: its target's build plus its own checks."""
        if lane.status.is_over or not lane.target.run.in_progress:
            return None
        left = self._left(lane.target, now)
        if left is None:
            return None
        own = self._check_left(lane, now) if lane.target.is_checked else 0.0
        seconds = left.build.seconds + min(own, left.tail)
        return msgspec.structs.replace(left.build, seconds=seconds)

    def _left(self, target: TargetState, now: float) -> RemainingTime | None:
        laid = self._lay(target)
        if not laid:
            return None
        whole = set(laid[0].sample.kind.platforms) >= {str(p) for p in target.platforms}
        if target.outcome is not None:
            tail = self._tail_left(target, laid, now)
            return RemainingTime(Estimate(0.0, 0.0, len(laid[:MOST_SAMPLES]), whole), tail)
        steps = [(self._key(target, step), step) for step in target.steps.values()]
        usual = _usual(laid, steps)
        so_far = max(0.0, now - target.started) if target.started is not None else 0.0
        alike = _alike(laid, steps, now, so_far)
        lefts = [one.left(steps, now, so_far, usual) for one in alike]
        known = [left for left in lefts if left is not None]
        build = typical(known)
        if build is None:
            return None
        whole = whole and not _strangers(laid, steps, now)
        tail = statistics.median(one.sample.tail for one in alike)
        tail = tail if target.is_checked else 0.0
        return RemainingTime(msgspec.structs.replace(build, whole=whole), tail)

    def _lay(self, target: TargetState) -> list[_Laid]:
        """Return the samples similar to a target, matched to its current state."""
        if target.name not in self._laid:
            samples = self._by_variant.get(target.info.variant, ())
            kind = like(samples, wanted(target))[:_MOST_LAID]
            self._laid[target.name] = [_Laid(sample) for sample in kind]
        return self._laid[target.name]

    def _key(self, target: TargetState, step: StepState) -> StepKey:
        key = target.name, step.digest
        if key not in self._keys:
            # As in records: with its secrets masked.
            title = masked(step.name.title)
            label = msgspec.structs.replace(step.name, title=title).label
            self._keys[key] = ("" if step.lane is None else str(step.lane), label)
        return self._keys[key]

    def _tail_left(self, target: TargetState, laid: list[_Laid], now: float) -> float:
        """Return the remaining time of a built target's checks, by time and progress of the run."""
        if not target.is_checked or target.ended is None:
            return 0.0
        by_time = _usual_tail(laid) - max(0.0, now - target.ended)
        asking = [lane for lane in target.lanes.values() if not lane.status.is_over]
        least = max((self._check_left(lane, now) for lane in asking), default=0.0)
        by_work = self._checks_left(target.run, now)
        return max(least, by_time if by_work is None else min(by_time, by_work))

    def _checks_left(self, run: RunState, now: float) -> float | None:
        """Return the remaining time of all checks of a run, by the share of work done.

        They wait for each other, so a share of the work is the same share of the time. None until
        the first has finished.
        """
        all_work = left = took = usual = span = 0.0
        for target in run.targets.values():
            if laid := self._lay(target):
                span = max(span, _usual_tail(laid))
            for lane in target.lanes.values():
                work = self._check_usual(lane)
                all_work += work
                if not lane.status.is_over:
                    left += self._check_left(lane, now)
                elif work and lane.check_started is not None and lane.check_ended is not None:
                    took += lane.check_ended - lane.check_started
                    usual += work
        if not usual or not all_work:
            return None
        return span * left / all_work * (took / usual)

    def _check_usual(self, lane: LaneState) -> float:
        """Return how long a lane's checks take; 0: unknown."""
        platform = str(lane.platform)
        laid = self._lay(lane.target)[:MOST_SAMPLES]
        known = [one.sample.checks[platform] for one in laid if platform in one.sample.checks]
        return statistics.median(known) if known else 0.0

    def _check_left(self, lane: LaneState, now: float) -> float:
        asked = 0.0
        if lane.check_started is not None and lane.check_ended is None:
            asked = max(0.0, now - lane.check_started)
        return max(0.0, self._check_usual(lane) - asked)


def _usual_tail(laid: list[_Laid]) -> float:
    return statistics.median(one.sample.tail for one in laid[:MOST_SAMPLES])


class Countdown:
    """The displayed remaining time: it counts down with the clock, and never jumps.

    New estimates are approached within some seconds. `seconds` None: unknown.
    """

    _SETTLES = 2.0

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._at = 0.0

    def feed(self, left: float | None, at: float) -> float | None:
        """Update with the remaining time at a moment, and return the value to show."""
        passed = max(0.0, at - self._at)
        if left is None or self.seconds is None or at <= self._at:
            # More became known at the same moment, before anything was shown.
            self.seconds = None if left is None else max(0.0, left)
        else:
            due = max(0.0, self.seconds - passed)
            nearer = 1.0 - math.exp(-passed / self._SETTLES)
            self.seconds = max(0.0, due + (max(0.0, left) - due) * nearer)
        self._at = at
        return self.seconds


def wanted(target: TargetState) -> EstimateRequest:
    """Return the properties of a target by which samples are compared."""
    info = target.run.info
    many = len(info.targets)
    return EstimateRequest(
        variant=target.info.variant,
        platforms=tuple(str(platform) for platform in target.platforms),
        place=place_of(info.source, masked(info.context), masked(info.dockerfile)),
        host=info.host,
        node=info.builder,
        concurrency=min(many, info.jobs or many),
    )


# The steps of a target by key.
_Steps = list[tuple[StepKey, StepState]]


class _Laid:
    """A sample matched to a build: how much it differs so far, and its remaining time."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.steps: dict[StepKey, StepRecord] = {(s.platform, s.label): s for s in sample.steps}
        self._begins = sorted(step.start for step in sample.steps if step.on_path)

    def _next(self, after: float) -> float:
        """Return when the next step of the critical path started, or the build ended."""
        place = bisect_left(self._begins, after)
        return self._begins[place] if place < len(self._begins) else self.sample.build

    def past(self, key: StepKey, step: StepState) -> StepRecord | None:
        """Return the sample's step, if it ran in the same way."""
        found = self.steps.get(key)
        if found is None or step.how is None or found.how in {step.how.value, ""}:
            return found
        return None

    def unlike(self, steps: _Steps, now: float) -> float:
        """Return the difference so far, in seconds."""
        seconds = 0.0
        for key, step in steps:
            past = self.past(key, step)
            if past is None or step.status is Status.WAITING:
                continue
            took, over = step.busy(now), step.status.is_over
            if step.cached and not past.cached:
                seconds += past.seconds
            elif past.cached and not step.cached:
                seconds += took
            elif not step.cached:
                # It may still take as long as the sample's; if it took longer, that is known.
                seconds += abs(took - past.seconds) / 2 if over else max(0, took - past.seconds) / 2
        return seconds

    def left(
        self, steps: _Steps, now: float, so_far: float, usual: Mapping[StepKey, float]
    ) -> float | None:
        """Return the sample's remaining time at the build's position; None: unknown."""
        front, least = min(so_far, self._next(0.0)), 0.0
        for key, step in steps:
            past = self.past(key, step)
            if past is None or step.status is Status.WAITING:
                continue
            if step.status.is_over:
                if past.on_path:
                    # There is also time between two steps: the next one waits for a slot.
                    since = max(0.0, now - (step.ended or now))
                    front = max(front, min(past.end + since, max(past.end, self._next(past.end))))
                continue
            took, takes = step.busy(now), past.seconds
            if past.cached and not step.cached:
                if key not in usual and took > _PATIENCE:
                    return None
                takes = max(takes, usual.get(key, 0.0))
            left = max(0.0, takes - took)
            if past.on_path:
                front = max(front, past.start + min(took, past.seconds))
                left += self.sample.build - past.end
            least = max(least, left)
        return max(0.0, least, self.sample.build - front)


def _usual(laid: Iterable[_Laid], steps: _Steps) -> dict[StepKey, float]:
    """Return how long the running steps take if they aren't cached, if known."""
    found: dict[StepKey, float] = {}
    for key, step in steps:
        if step.status is Status.RUNNING:
            past = (one.past(key, step) for one in laid)
            took = [one.seconds for one in past if one is not None and not one.cached]
            if took:
                found[key] = statistics.median(took)
    return found


def _alike(laid: list[_Laid], steps: _Steps, now: float, so_far: float) -> list[_Laid]:
    """Return the latest of the samples most similar to a build so far."""
    if not steps:
        return laid[:MOST_SAMPLES]
    unlike = [one.unlike(steps, now) for one in laid]
    room = min(unlike) + max(_ALIKE, _ALIKE_PART * so_far)
    alike = [one for one, by in zip(laid, unlike, strict=True) if by <= room]
    return alike[:MOST_SAMPLES]


def _strangers(laid: Iterable[_Laid], steps: _Steps, now: float) -> bool:
    """Return whether a step that no sample has is running, and not only just started."""
    return any(
        step.status is Status.RUNNING
        and step.busy(now) > _PATIENCE
        and all(one.past(key, step) is None for one in laid)
        for key, step in steps
    )
