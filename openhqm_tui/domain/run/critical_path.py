"""The critical path: the chain of steps that determined a build's duration.

BuildKit reports the inputs of a step. The critical path goes back from the step that ended last,
each time to the input that ended last, because that is what it waited for. There may be a gap
between the two: a ready step still waits for a build slot or a CPU. Cases in which the inputs are
incomplete:

- An export has no inputs, and uses the results of all other steps: it waited for the last one that
  ended before it started.
- Work that several builds share is listed twice: as executed, and as cached where this build reuses
  it. The copy waited for the executed step of the same name.
- A cached step is looked up when it is needed: what counts is when its work was done.
- If a step failed, the path is the one that led to it.

`emulation_cost` says how much of a run's time a slow emulator took.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from openhqm_tui.domain.buildkit.vertex import ExecutionMode, StepKind, StepName
from openhqm_tui.domain.emulators import minutes_text, seconds_saved
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import covered, spans, target_span


class Load(NamedTuple):
    """The work and duration of a target's build.

    `busy` is the sum of all steps, `on_path` the time covered by the critical path, `wall` the time
    from start to end, all in seconds; `cached` of `steps` steps were cached.
    """

    busy: float
    on_path: float
    wall: float
    cached: int
    steps: int


class Order:
    """The dependencies between the steps of one target."""

    def __init__(self, target: TargetState) -> None:
        self._steps = target.steps
        # Sorted by end, to find the last step that ended before a moment.
        self._timed = sorted((s for s in target.steps.values() if s.intervals), key=_end)
        self._ran: dict[StepName, list[StepState]] = {}
        for step in self._timed:
            if not step.cached:
                self._ran.setdefault(step.name, []).append(step)
        self._ready: dict[str, float] = {}

    def waited_for(self, step: StepState) -> StepState | None:
        """Return the step that this one waited for, if known."""
        return max(self._before(step), key=lambda s: (self.ready(s), _end(s)), default=None)

    def ready(self, step: StepState) -> float:
        """Return when a step's work was done; infinite while it runs.

        A cached step is looked up only when it is needed, which says nothing about its work.
        """
        stack = [step]
        while stack:
            this = stack[-1]
            # A placeholder that ends cycles, and the result for steps without dependencies.
            first = this.digest not in self._ready
            self._ready.setdefault(this.digest, _work_end(this))
            behind = self._before(this) if this.cached else []
            unknown = [s for s in behind if s.digest not in self._ready]
            if first and unknown:
                stack += unknown
                continue
            stack.pop()
            if behind:
                known = max(self._ready[s.digest] for s in behind)
                self._ready[this.digest] = max(known, self._ready[this.digest])
        return self._ready[step.digest]

    def _before(self, step: StepState) -> list[StepState]:
        """Return the steps that this one may have waited for."""
        if step.cached and (ran := _last_before(self._ran.get(step.name, []), step)):
            return [ran]
        if step.name.kind is StepKind.EXPORT and not step.inputs:
            before = _last_before(self._timed, step)
            return [before] if before else []
        known = (self._steps.get(digest) for digest in step.inputs)
        return [s for s in known if s is not None and s is not step and s.intervals]

    def last(self) -> StepState | None:
        """Return the step that determines the end: a failed one, a running one, or the last."""
        failed = [s for s in self._timed if s.error and s.status is Status.FAILED]
        if failed:
            return min(failed, key=_end)
        running = [step for step in self._timed if _end(step) == math.inf]
        if running:
            # Which will end last is unknown: take the one that has run longest.
            return min(running, key=_start)
        latest = _end(self._timed[-1]) if self._timed else 0.0
        # If all was cached, many ended at the same time: take the one that no other needs.
        ends = [step for step in self._timed if _end(step) == latest]
        needed = {digest for step in ends for digest in step.inputs}
        return max(ends, key=lambda s: (_start(s), s.digest not in needed), default=None)

    def path(self) -> tuple[str, ...]:
        """Return the digests of the critical path, in order."""
        found: dict[str, None] = {}
        step = self.last()
        while step is not None and step.digest not in found:
            found[step.digest] = None
            step = self.waited_for(step)
        return tuple(reversed(found))


def critical_path(target: TargetState) -> tuple[str, ...]:
    """Return the digests of a target's critical path, in order."""
    return Order(target).path()


def load(target: TargetState, path: Iterable[str], now: float) -> Load:
    """Sum up a target's work until `now`; `path` has the digests of its critical path."""
    start, end = target_span(target, now)
    steps = target.steps
    parts = [span for digest in path if digest in steps for span in spans(steps[digest], end)]
    return Load(
        busy=sum(b - a for step in steps.values() for a, b in spans(step, end)),
        # A step shared with another build may have started before this one.
        on_path=covered((max(start, a), b) for a, b in parts if b > start),
        wall=end - start,
        cached=sum(step.cached for step in steps.values()),
        steps=len(steps),
    )


def _work_end(step: StepState) -> float:
    """Return when a step's own work was done; minus infinity if it had none."""
    return -math.inf if step.cached and _end(step) <= _start(step) else _end(step)


def _last_before(by_end: list[StepState], step: StepState) -> StepState | None:
    """Return the last step that ended before this one started."""
    place = bisect_right(by_end, _start(step), key=_end)
    found = (by_end[index] for index in range(place - 1, -1, -1) if by_end[index] is not step)
    return next(found, None)


def _start(step: StepState) -> float:
    return min(step.intervals, default=math.inf)


def _end(step: StepState) -> float:
    last = -math.inf
    for end in step.intervals.values():
        if end is None:
            return math.inf
        last = max(last, end)
    return last


# Seconds: shorter times aren't worth mentioning.
_WORTH_TELLING = 60.0


def emulation_cost(state: RunState) -> str:
    """Return what a faster emulator would have saved; '' if it isn't worth mentioning.

    Concurrent steps count once: this is about the time that the user waited.
    """
    told = []
    total = 0.0
    for name, emulator in state.info.emulators.items():
        lanes = [lane for lane in state.lanes if str(lane.platform) == name]
        if not lanes:
            continue
        platform: Platform = lanes[0].platform
        steps = (
            step for lane in lanes for step in lane.steps if step.how is ExecutionMode.EMULATED
        )
        pairs = (pair for step in steps for pair in step.intervals.items())
        spent = covered((start, end) for start, end in pairs if end is not None)
        saved = seconds_saved(spent, emulator, platform)
        if spent > _WORTH_TELLING and saved:
            told.append(f"{name}: {minutes_text(spent)} under {emulator.title}")
            total += saved
    if not told:
        return ""
    return (
        f"emulated steps were slow ({', '.join(told)}): QEMU 10 or later would have saved about "
        f"{minutes_text(total)}; `openhqm-tui doctor --fix` registers it"
    )
