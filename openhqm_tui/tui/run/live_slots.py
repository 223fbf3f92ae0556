"""Which images have a live pane: those being worked on, each in a place that it keeps.

Panes that move by themselves can't be read. So a pane stays where it is until its image is
finished, and is then replaced in place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.run.board_rows import running_step, shared_with

LaneKey = tuple[str, str]


class Activity(IntEnum):
    """What happens to an image, most worth watching first."""

    WORKING = 0
    FAILED = 1
    # Its work is done under another name, or it waits in between.
    IDLE = 2
    QUEUED = 3
    FINISHED = 4


class Watched(NamedTuple):
    """The activity of an image; failures of the same `cause` need only one pane."""

    activity: Activity
    cause: str = ""


def watched(lane: LaneState) -> Watched:
    """Return the activity of a lane."""
    status, target = lane.status, lane.target
    if status is Status.RUNNING:
        idle = running_step(lane) is None and shared_with(lane) is not None
        return Watched(Activity.IDLE if idle else Activity.WORKING)
    if status is Status.CHECKING:
        return Watched(Activity.WORKING if lane.asking is not None else Activity.QUEUED)
    if status is Status.WAITING:
        return Watched(Activity.QUEUED)
    if status is Status.FAILED:
        return Watched(Activity.FAILED, cause_of(target) or " ".join(lane.key))
    return Watched(Activity.FINISHED)


def cause_of(target: TargetState) -> str:
    """Return what made a build fail, alike for targets that failed in the same step; '' if none."""
    if target.outcome is not Outcome.FAILED:
        return ""
    step = target.failed_step
    return f"{step.name.title}\n{step.error}" if step is not None else target.reason


def same_cause(state: RunState, target: TargetState) -> list[str]:
    """Return the other targets of a run that failed in the same step with the same error."""
    cause = cause_of(target)
    if not cause:
        return []
    others = (other for other in state.targets.values() if other is not target)
    return [other.name for other in others if cause_of(other) == cause]


def allocate(
    slots: Sequence[LaneKey],
    watched: Mapping[LaneKey, Watched],
    places: int,
    *,
    pinned: Collection[LaneKey] = (),
    wanted: Sequence[LaneKey] = (),
) -> list[LaneKey]:
    """Return the images in at most `places` places, of which `slots` are taken.

    `watched` are all images in plan order; one that is missing is finished. `pinned` are being read
    and never leave; `wanted` were asked for and come in, even in place of one being worked on.
    """
    told = _Slots(slots, watched, pinned, wanted)
    told.shrink(places)
    for key in wanted[:places]:
        told.bring(key, places, over=Activity.WORKING)
    told.drop_failures(places // 2)
    entering = [
        key
        for activity in (Activity.WORKING, Activity.FAILED, Activity.IDLE)
        for key, one in watched.items()
        if one.activity is activity
    ]
    for key in entering:
        if told.may_enter(key, places // 2):
            # Nothing that is worked on or has failed makes room for another.
            over = Activity.QUEUED if told.activity(key) is not Activity.IDLE else Activity.FINISHED
            told.bring(key, places, over=over)
    return told.slots


class _Slots:
    def __init__(
        self,
        slots: Sequence[LaneKey],
        watched: Mapping[LaneKey, Watched],
        pinned: Collection[LaneKey],
        wanted: Sequence[LaneKey],
    ) -> None:
        self.slots = list(slots)
        self._watched = watched
        self._kept = {*pinned, *wanted}
        self._pinned = set(pinned)
        # Failures that have given up their place to be filled again.
        self._spare: set[LaneKey] = set()

    def activity(self, key: LaneKey) -> Activity:
        """Return the activity of an image."""
        one = self._watched.get(key)
        return one.activity if one is not None else Activity.FINISHED

    def _cause(self, key: LaneKey) -> str:
        return self._watched[key].cause if key in self._watched else ""

    def _quietest(self, kept: Collection[LaneKey], *, last: bool = False) -> LaneKey | None:
        """Return the one to leave first: of equal ones the first, or the `last`."""
        leaving = [key for key in self.slots if key not in kept]
        if not leaving:
            return None
        quietest = max(self._rank(key) for key in leaving)
        alike = [key for key in leaving if self._rank(key) == quietest]
        return alike[-1] if last or quietest == Activity.WORKING else alike[0]

    def _rank(self, key: LaneKey) -> Activity:
        return Activity.FINISHED if key in self._spare else self.activity(key)

    def shrink(self, places: int) -> None:
        """Drop the quietest until the rest fits."""
        while len(self.slots) > places:
            leaving = self._quietest(self._kept, last=True) or self.slots[-1]
            self.slots.remove(leaving)

    def bring(self, key: LaneKey, places: int, *, over: Activity) -> None:
        """Give an image a place: a free one, or that of one at least as quiet as `over`."""
        if key in self.slots:
            return
        if len(self.slots) < places:
            self.slots.append(key)
            return
        leaving = self._quietest(self._kept)
        if leaving is None and key in self._kept:
            # All are being read: only what was asked for replaces one.
            leaving = self._quietest({*self._kept} - self._pinned) or self.slots[-1]
        if leaving is not None and self._rank(leaving) >= over:
            self.slots[self.slots.index(leaving)] = key

    def drop_failures(self, most: int) -> None:
        """Mark failures beyond `most`, and those of a cause that is shown, as replaceable."""
        causes: set[str] = set()
        for key in self.slots:
            if self.activity(key) is not Activity.FAILED:
                continue
            if key not in self._kept and (self._cause(key) in causes or len(causes) >= most):
                self._spare.add(key)
            else:
                causes.add(self._cause(key))

    def may_enter(self, key: LaneKey, most: int) -> bool:
        """Return whether an image may get a place; failures only one for a cause, and `most`."""
        if self.activity(key) is not Activity.FAILED:
            return True
        failed = [
            one
            for one in self.slots
            if self.activity(one) is Activity.FAILED and one not in self._spare
        ]
        return len(failed) < most and self._cause(key) not in {self._cause(one) for one in failed}


def first_lane(state: RunState, target: str) -> LaneKey | None:
    """Return the first lane of a target to show: the failed one, if any."""
    found = state.targets.get(target)
    lanes = list(found.lanes.values()) if found else []
    failed = (lane for lane in lanes if lane.status is Status.FAILED)
    lane = next(failed, lanes[0] if lanes else None)
    return lane.key if lane else None
