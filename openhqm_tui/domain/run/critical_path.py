"""What a build waited for: the chain of steps that decided when it was over.

BuildKit names the inputs of a step; the critical path goes back from the step that ended last,
each time to the input that ended last, for that is the one it waited for. Between the two there
may be a gap: a step that could run still waits for a build slot or a processor. Where the inputs
don't tell all of it:

- An export names no inputs, and takes what all the others made: it waited for the last of those
  that ended before it began.
- Work that several builds share is listed twice: once as it ran, once more, cached, where this
  build takes it over. Such a copy waited for the step of the same name that ran.
- A cached step is looked up when it is needed, however long ago its work was done: what counts
  is when the work behind it was done.
- Where a step failed, the path is the one that led there.

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
    """How much work a target was, and how long it took.

    `busy` adds up all steps, `on_path` covers those of the critical path, `wall` is the time from
    the start to the end, all in seconds; `cached` of `steps` steps needed no work.
    """

    busy: float
    on_path: float
    wall: float
    cached: int
    steps: int


class Order:
    """Who waited for whom among the steps of one target."""

    def __init__(self, target: TargetState) -> None:
        self._steps = target.steps
        # By their ends, so that the last that ended before a moment is found at once.
        self._timed = sorted((s for s in target.steps.values() if s.intervals), key=_end)
        self._ran: dict[StepName, list[StepState]] = {}
        for step in self._timed:
            if not step.cached:
                self._ran.setdefault(step.name, []).append(step)
        self._ready: dict[str, float] = {}

    def waited_for(self, step: StepState) -> StepState | None:
        """Return the step that this one waited for, if the build tells."""
        return max(self._before(step), key=lambda s: (self.ready(s), _end(s)), default=None)

    def ready(self, step: StepState) -> float:
        """Return when the work behind a step was done; infinite while it runs.

        A cached step is looked up only when it is needed: that moment says nothing of the work.
        """
        stack = [step]
        while stack:
            this = stack[-1]
            # Until it is known: what ends a circle, and what stands where nothing is behind.
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
        """Return the step that decides the end: one that failed, one that runs, the last."""
        failed = [s for s in self._timed if s.error and s.status is Status.FAILED]
        if failed:
            return min(failed, key=_end)
        running = [step for step in self._timed if _end(step) == math.inf]
        if running:
            # Nobody knows which of them will end last: the one that has run longest leads.
            return min(running, key=_start)
        latest = _end(self._timed[-1]) if self._timed else 0.0
        # Many may have ended at once, where all was cached: the one that none of them needs.
        ends = [step for step in self._timed if _end(step) == latest]
        needed = {digest for step in ends for digest in step.inputs}
        return max(ends, key=lambda s: (_start(s), s.digest not in needed), default=None)

    def path(self) -> tuple[str, ...]:
        """Return the digests of the critical path, the first step first."""
        found: dict[str, None] = {}
        step = self.last()
        while step is not None and step.digest not in found:
            found[step.digest] = None
            step = self.waited_for(step)
        return tuple(reversed(found))


def critical_path(target: TargetState) -> tuple[str, ...]:
    """Return the digests of the steps that decided when a target was over, the first first."""
    return Order(target).path()


def load(target: TargetState, path: Iterable[str], now: float) -> Load:
    """Add up a target's work until `now`; `path` holds the digests of its critical path."""
    start, end = target_span(target, now)
    steps = target.steps
    parts = [span for digest in path if digest in steps for span in spans(steps[digest], end)]
    return Load(
        busy=sum(b - a for step in steps.values() for a, b in spans(step, end)),
        # A step that is shared with another build may have begun before this one.
        on_path=covered((max(start, a), b) for a, b in parts if b > start),
        wall=end - start,
        cached=sum(step.cached for step in steps.values()),
        steps=len(steps),
    )


def _work_end(step: StepState) -> float:
    """Return when a step's own work was done; of one that had none, before everything."""
    return -math.inf if step.cached and _end(step) <= _start(step) else _end(step)


def _last_before(by_end: list[StepState], step: StepState) -> StepState | None:
    """Return the last step that ended before this one began."""
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


# Seconds: less than that nobody waits for.
_WORTH_TELLING = 60.0


def emulation_cost(state: RunState) -> str:
    """Return what a faster emulator would have saved; '' where that isn't worth telling.

    Steps that ran at the same time count once: it is about the time that a person waited.
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
            told.append(f"{name} {minutes_text(spent)} under {emulator.title}")
            total += saved
    if not told:
        return ""
    return (
        f"emulated steps took long ({', '.join(told)}): QEMU 10 or later would have saved about "
        f"{minutes_text(total)}; `openhqm-tui doctor --fix` registers it"
    )
