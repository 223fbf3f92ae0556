"""How much of a build came from a cache: counted in steps, per lane, target and run."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.state import LaneState, RunState, StepState, TargetState
from openhqm_tui.domain.status import Status

_ENDED = {Status.DONE, Status.CACHED, Status.FAILED}


class CacheHits(msgspec.Struct, frozen=True):
    """How many of the `steps` that a cache could have held were `cached`."""

    cached: int
    steps: int

    @property
    def words(self) -> str:
        """Say it to people: `cache 41 of 52 steps (79 %)`; '' where there was no such step."""
        if not self.steps:
            return ""
        # Nearly all is not all: only 52 of 52 are 100 %, and only 0 are 0 %.
        percent = min(max(round(100 * self.cached / self.steps), 1), 99)
        if self.cached in {0, self.steps}:
            percent = 100 if self.cached else 0
        steps = "step" if self.steps == 1 else "steps"
        return f"cache {self.cached} of {self.steps} {steps} ({percent} %)"


def could_be_cached(step: StepState) -> bool:
    """Tell whether a cache could have held what a step made, and it is known whether one did.

    Those are the Dockerfile's own instructions. A `FROM` makes nothing, and what loads contexts,
    resolves names or exports is done every time. A step that was cancelled may have been in a
    cache or not.
    """
    return bool(step.name.of) and not _begins_stage(step) and step.status in _ENDED


def hits_of(of: RunState | TargetState | LaneState) -> CacheHits:
    """Return the hits of a lane, of a target, or of all targets of a run.

    A step that several targets share counts for each: each was spared it, or waited for it. One
    that two builds share while it runs is told by BuildKit to one of them twice, and counts so.
    """
    if isinstance(of, RunState):
        return _counted(step for target in of.targets.values() for step in target.steps.values())
    return _counted(of.steps.values() if isinstance(of, TargetState) else of.steps)


def _counted(steps: Iterable[StepState]) -> CacheHits:
    counted = [step.cached for step in steps if could_be_cached(step)]
    return CacheHits(cached=sum(counted), steps=len(counted))


def _begins_stage(step: StepState) -> bool:
    return step.name.title.split(" ", 1)[0].upper() == "FROM"
