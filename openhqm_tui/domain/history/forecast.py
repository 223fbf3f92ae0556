"""What is left of a run that goes on: past builds of its targets, laid over where they stand.

The samples (see `estimate`) that are most like a build so far, by what was cached and how long
steps took, tell what is left of it: from where it stands on their critical paths to their ends.
The more of a build is over, the fewer samples are like it and the less is left to be wrong about.
No clock is read: who asks says what time it is, in seconds since the epoch.
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

# Samples that are looked at to find those that are like a build so far.
_MOST_LAID = 12
# Seconds that two builds may differ by and still be alike; and as a part of the time so far.
_ALIKE, _ALIKE_PART = 0.6, 0.25
# Seconds after which a step that no sample knows makes what is left unknown.
_PATIENCE = 2.0


class RemainingTime(NamedTuple):
    """What is left of a target: its build, then its checks, in seconds."""

    build: Estimate
    tail: float

    @property
    def all(self) -> Estimate:
        """Build and checks as one."""
        return msgspec.structs.replace(self.build, seconds=self.build.seconds + self.tail)


class Forecast:
    """What is left of one run and its parts; it learns nothing new but what the state tells."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_variant: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_variant.setdefault(sample.kind.variant, []).append(sample)
        self._laid: dict[str, list[_Laid]] = {}
        self._keys: dict[tuple[str, str], StepKey] = {}

    def run(self, state: RunState, now: float) -> Estimate | None:
        """Return the seconds until the run is over; None where nothing is known, or it is over.

        Nobody knows how long a push takes: with one to come it isn't whole.
        """
        if not state.goes_on:
            return None
        if not self._by_variant:
            return None
        going = [target for target in state.targets.values() if not target.status.is_over]
        left = [(target, self._left(target, now)) for target in going]
        known = [(target, one) for target, one in left if one is not None]
        push = state.info.push
        if not left:
            # All is done, and will be said to be over at once.
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
                # The next target begins where one ends first.
                end += slots[0]
                heapq.heapreplace(slots, end)
            ends.append((end + one.tail, one.build.spread))
        seconds, spread = max(ends)
        whole = len(known) == len(left) and all(one.build.whole for _, one in known)
        return Estimate(
            seconds, spread, min(one.build.count for _, one in known), whole and not push
        )

    def target(self, target: TargetState, now: float) -> Estimate | None:
        """Return the seconds until a target is built and checked; None: unknown, or it is over.

        Of one that waits for its turn it is the time from then on.
        """
        if target.status.is_over or not target.run.goes_on:
            return None
        left = self._left(target, now)
        return left.all if left is not None else None

    def lane(self, lane: LaneState, now: float) -> Estimate | None:
        """Return the seconds until a lane is verified: its target's build, then its own checks."""
        if lane.status.is_over or not lane.target.run.goes_on:
            return None
        left = self._left(lane.target, now)
        if left is None:
            return None
        own = self._check_left(lane, now) if lane.target.run.info.check else 0.0
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
        tail = tail if target.run.info.check else 0.0
        return RemainingTime(msgspec.structs.replace(build, whole=whole), tail)

    def _lay(self, target: TargetState) -> list[_Laid]:
        """Return the samples of a target's kind, ready to be laid over it."""
        if target.name not in self._laid:
            samples = self._by_variant.get(target.info.variant, ())
            kind = like(samples, wanted(target))[:_MOST_LAID]
            self._laid[target.name] = [_Laid(sample) for sample in kind]
        return self._laid[target.name]

    def _key(self, target: TargetState, step: StepState) -> StepKey:
        key = target.name, step.digest
        if key not in self._keys:
            # As records spell it: with its secrets masked.
            title = masked(step.name.title)
            label = msgspec.structs.replace(step.name, title=title).label
            self._keys[key] = ("" if step.lane is None else str(step.lane), label)
        return self._keys[key]

    def _tail_left(self, target: TargetState, laid: list[_Laid], now: float) -> float:
        """Return what is left of a built target's checks: by the time, by how the run's go on."""
        if not target.run.info.check or target.ended is None:
            return 0.0
        by_time = _usual_tail(laid) - max(0.0, now - target.ended)
        asking = [lane for lane in target.lanes.values() if not lane.status.is_over]
        least = max((self._check_left(lane, now) for lane in asking), default=0.0)
        by_work = self._checks_left(target.run, now)
        return max(least, by_time if by_work is None else min(by_time, by_work))

    def _checks_left(self, run: RunState, now: float) -> float | None:
        """Return what is left of all checks of a run, by how much of their work is done.

        They wait for each other: a part of the work is the same part of the time. None before
        one of them is over.
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
        """Return how long a lane's checks take; 0 unknown."""
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
    """What is left as a person sees it: it goes down with the time, and never leaps.

    What is newly known moves it there within some seconds. `seconds` None: unknown.
    """

    _SETTLES = 2.0

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._at = 0.0

    def feed(self, left: float | None, at: float) -> float | None:
        """Take in what is left at a moment, and return what is to be shown."""
        passed = max(0.0, at - self._at)
        if left is None or self.seconds is None or at <= self._at:
            # At the same moment more became known of it, which nobody has seen otherwise.
            self.seconds = None if left is None else max(0.0, left)
        else:
            due = max(0.0, self.seconds - passed)
            nearer = 1.0 - math.exp(-passed / self._SETTLES)
            self.seconds = max(0.0, due + (max(0.0, left) - due) * nearer)
        self._at = at
        return self.seconds


def wanted(target: TargetState) -> EstimateRequest:
    """Return what a target of a run is, for samples to be like it."""
    info = target.run.info
    many = len(info.targets)
    return EstimateRequest(
        variant=target.info.variant,
        platforms=tuple(str(platform) for platform in target.platforms),
        place=place_of(info.source, masked(info.context), masked(info.dockerfile)),
        host=info.host,
        node=info.builder,
        beside=min(many, info.jobs or many),
    )


# The steps of a target as they stand, by their keys.
_Steps = list[tuple[StepKey, StepState]]


class _Laid:
    """A sample laid over a build: how unlike it is so far, and what was left of it from there."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.steps: dict[StepKey, StepRecord] = {(s.platform, s.label): s for s in sample.steps}
        self._begins = sorted(step.start for step in sample.steps if step.on_path)

    def _next(self, after: float) -> float:
        """Return when the next step of the critical path began, or all was over."""
        place = bisect_left(self._begins, after)
        return self._begins[place] if place < len(self._begins) else self.sample.build

    def past(self, key: StepKey, step: StepState) -> StepRecord | None:
        """Return a step as it was, if it ran in the same way."""
        found = self.steps.get(key)
        if found is None or step.how is None or found.how in {step.how.value, ""}:
            return found
        return None

    def unlike(self, steps: _Steps, now: float) -> float:
        """Return by how many seconds the build differs so far."""
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
                # It may yet take as long as it did; that it took longer is known.
                seconds += abs(took - past.seconds) / 2 if over else max(0, took - past.seconds) / 2
        return seconds

    def left(
        self, steps: _Steps, now: float, so_far: float, usual: Mapping[StepKey, float]
    ) -> float | None:
        """Return what was left of the sample from where the build stands; None: it can't tell."""
        front, least = min(so_far, self._next(0.0)), 0.0
        for key, step in steps:
            past = self.past(key, step)
            if past is None or step.status is Status.WAITING:
                continue
            if step.status.is_over:
                if past.on_path:
                    # Between two steps time goes by as well: the next waits for its turn.
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
    """Return how long the steps that run now take where they aren't cached, if that is known."""
    found: dict[StepKey, float] = {}
    for key, step in steps:
        if step.status is Status.RUNNING:
            past = (one.past(key, step) for one in laid)
            took = [one.seconds for one in past if one is not None and not one.cached]
            if took:
                found[key] = statistics.median(took)
    return found


def _alike(laid: list[_Laid], steps: _Steps, now: float, so_far: float) -> list[_Laid]:
    """Return the few that are most like a build so far, the latest of them."""
    if not steps:
        return laid[:MOST_SAMPLES]
    unlike = [one.unlike(steps, now) for one in laid]
    room = min(unlike) + max(_ALIKE, _ALIKE_PART * so_far)
    alike = [one for one, by in zip(laid, unlike, strict=True) if by <= room]
    return alike[:MOST_SAMPLES]


def _strangers(laid: Iterable[_Laid], steps: _Steps, now: float) -> bool:
    """Tell whether a step runs, and not just begun, that no sample knows."""
    return any(
        step.status is Status.RUNNING
        and step.busy(now) > _PATIENCE
        and all(one.past(key, step) is None for one in laid)
        for key, step in steps
    )
