"""Earlier runs as shown on screens: the results of runs and lanes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from openhqm_tui.domain.run.status import INTERRUPTED, Status

if TYPE_CHECKING:
    from openhqm_tui.domain.history.record import LaneRecord, RunRecord
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.store.run_folder import RunFolder

# A lane's variant and platform.
Key = tuple[str, str]

_BUILT = {Status.DONE, Status.PASSED, Status.UNKNOWN}


class PastLane(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last result of a lane.

    `at` is when its run started, in seconds since the epoch; `clients` is the evidence of the
    `clients` check, '' if it didn't run; `size` in bytes; `cut_off` says whether its runner died,
    `stopped` whether BuildKit stopped it because a sibling failed.
    """

    status: Status
    seconds: float = 0.0
    size: int = 0
    at: float = 0.0
    clients: str = ""
    cut_off: bool = False
    stopped: bool = False

    @property
    def built(self) -> bool:
        """Return whether an image was built, so that time and size are meaningful."""
        return self.status in _BUILT


class PastRun:
    """One earlier run; `gone` says whether its folder was removed and only figures remain."""

    def __init__(self, record: RunRecord, folder: RunFolder, *, live: bool, gone: bool) -> None:
        self.record = record
        self.folder = folder
        self.live = live
        self.gone = gone
        self.created = record.created
        self.seconds = record.seconds
        self.last = record.last
        self.interrupted = record.status == INTERRUPTED
        self.status = Status.CANCELLED if self.interrupted else Status(record.status)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.record.id

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of its targets, in the order of the plan."""
        return tuple(target.name for target in self.record.targets)

    @property
    def resumable(self) -> bool:
        """Return whether targets were interrupted or cancelled and can be resumed."""
        return self.record.resumable and not self.gone

    @property
    def ended(self) -> tuple[str, ...]:
        """The targets that ended, with any outcome."""
        return self.record.ended_targets

    @property
    def over(self) -> int:
        """The number of targets that ended."""
        return len(self.ended)

    @property
    def records(self) -> Iterable[LaneRecord]:
        """The records of its lanes."""
        return (lane for target in self.record.targets for lane in target.lanes)

    @cached_property
    def lanes(self) -> dict[Key, PastLane]:
        """The results of its lanes, by variant and platform."""
        return {
            (target.variant, lane.platform): _lane(lane, self.created, target.outcome)
            for target in self.record.targets
            for lane in target.lanes
        }

    def is_of(self, source: Source) -> bool:
        """Return whether it built from `source`; true if the run didn't record its source."""
        record = self.record
        if record.imported:
            return False  # imported: built on another machine
        same_kind = not record.source or record.source == source.kind.value
        return same_kind and (
            not record.context or not source.context or _same_place(record, source)
        )


class PastRuns(NamedTuple):
    """The recorded runs, latest first; `problem` is why some may be missing."""

    runs: list[PastRun]
    problem: str = ""


def read_past(state: Path) -> PastRuns:
    """Return the runs of a state folder. Blocks."""
    from openhqm_tui.run.follow.history_index import remembered
    from openhqm_tui.store.run_folder import RunFolder, runs_folder

    found = remembered(state)
    place = runs_folder(state)
    runs = [
        PastRun(
            record,
            found.folders.get(record.id) or RunFolder(place / record.id),
            live=record.id in found.live,
            gone=record.id not in found.folders,
        )
        for record in found.runs
    ]
    return PastRuns(runs, found.problem)


def last_lanes(
    runs: Iterable[PastRun], source: Source | None = None, *, built: bool = False
) -> dict[Key, PastLane]:
    """Return the last result of each variant on each platform; `runs` latest first.

    `source` restricts the runs; `built` selects the last result with an image.
    """
    found: dict[Key, PastLane] = {}
    for run in runs:
        if run.live or (source is not None and not run.is_of(source)):
            continue
        for key, lane in run.lanes.items():
            if lane.built if built else lane.status is not Status.WAITING:
                found.setdefault(key, lane)
    return found


def _same_place(record: RunRecord, source: Source) -> bool:
    from openhqm_tui.domain.secrets.redact import masked

    named = masked(source.dockerfile or source.bake_file)
    same = record.context == masked(source.context)
    return same and (not record.dockerfile or record.dockerfile == named)


def _lane(lane: LaneRecord, at: float, outcome: str) -> PastLane:
    return PastLane(
        status=Status(lane.status),
        cut_off=lane.cut_off,
        stopped=lane.status == Status.CANCELLED and outcome == Status.FAILED,
        seconds=lane.seconds,
        size=lane.size,
        at=at,
        clients=lane.clients,
    )
