"""Earlier runs in few words, read from their events alone: their streams stay on disk."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from openhqm_tui.domain.journal import RunInfo
from openhqm_tui.domain.plan import Source
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.retrying import can_resume, ended, was_cut_off
from openhqm_tui.domain.state import LaneState, Status
from openhqm_tui.domain.timeline import lane_seconds
from openhqm_tui.domain.verdicts import Answer
from openhqm_tui.run.standing import state_now
from openhqm_tui.store.run_folder import RunFolder

# A lane by its variant and its platform.
Key = tuple[str, str]

_BUILT = {Status.DONE, Status.PASSED, Status.UNKNOWN}


class PastLane(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane ended the last time.

    `at` is when its run began, seconds since the epoch; `clients` what its check saw, '' if it
    was not asked; `size` in bytes; `cut_off` tells whether it ended with its runner only.
    """

    status: Status
    seconds: float = 0.0
    size: int = 0
    at: float = 0.0
    clients: str = ""
    cut_off: bool = False

    @property
    def built(self) -> bool:
        """Tell whether there was an image at the end, so that time and size mean something."""
        return self.status in _BUILT


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier run; `lanes` by variant and platform.

    `ended` are the targets that came to an end, `last` is the last moment that is known of it;
    `resumable` tells whether something of it was cut off or cancelled.
    """

    folder: RunFolder
    created: float
    status: Status
    live: bool
    seconds: float
    targets: tuple[str, ...]
    lanes: dict[Key, PastLane]
    interrupted: bool = False
    resumable: bool = False
    ended: frozenset[str] = frozenset()
    last: float = 0.0

    @property
    def over(self) -> int:
        """How many of its targets came to an end."""
        return len(self.ended)

    def is_of(self, source: Source) -> bool:
        """Tell whether it built from `source`; a run that doesn't tell counts as such."""
        info: RunInfo = self.folder.info
        if self.folder.is_imported:
            return False  # it tells of another machine
        same_kind = not info.source or info.source == source.kind.value
        return same_kind and (not info.context or not source.context or _same_place(info, source))


class Estimate(NamedTuple):
    """How long it may take, in seconds; not `whole` if some of it was never built before."""

    seconds: float
    whole: bool


def read_runs(folders: Iterable[RunFolder], limit: int = 200) -> list[PastRun]:
    """Return the latest runs; one that can't be read is left out. Blocks."""
    found: list[PastRun] = []
    for folder in folders:
        if len(found) == limit:
            break
        try:
            found.append(_read(folder))
        except (Problem, OSError):
            continue
    return found


def last_lanes(
    runs: Iterable[PastRun], source: Source | None = None, *, built: bool = False
) -> dict[Key, PastLane]:
    """Return how each variant went the last time on each platform; `runs` latest first.

    With `source`, in runs of that only; with `built`, the last time that it gave an image.
    """
    found: dict[Key, PastLane] = {}
    for run in runs:
        if run.live or (source is not None and not run.is_of(source)):
            continue
        for key, lane in run.lanes.items():
            if lane.built if built else lane.status is not Status.WAITING:
                found.setdefault(key, lane)
    return found


def estimate(
    rows: Mapping[str, tuple[Platform, ...]], built: Mapping[Key, PastLane], jobs: int
) -> Estimate | None:
    """Return how long `rows` took the last time they were built, `jobs` targets at once (0: all).

    None where nothing of it was ever built. Plain last times: a cached build says little of a
    cold one.
    """
    known = [[built.get((name, str(p))) for p in platforms] for name, platforms in rows.items()]
    times = [max(lane.seconds for lane in lanes if lane) for lanes in known if any(lanes)]
    if not times:
        return None
    ends = [0.0] * (jobs or len(times))
    for seconds in times:
        # The next target begins where one ends first.
        heapq.heapreplace(ends, ends[0] + seconds)
    return Estimate(max(ends), all(all(lanes) for lanes in known))


def _same_place(info: RunInfo, source: Source) -> bool:
    named = source.dockerfile or source.bake_file
    return info.context == source.context and (not info.dockerfile or info.dockerfile == named)


def _read(folder: RunFolder) -> PastRun:
    state = state_now(folder)
    last = max(folder.info.created, state.last_at)
    return PastRun(
        folder=folder,
        created=folder.info.created,
        status=state.status,
        live=state.goes_on,
        seconds=state.elapsed(last),
        targets=tuple(state.targets),
        interrupted=state.interrupted,
        resumable=not folder.is_imported and can_resume(state),
        ended=frozenset(ended(state)),
        last=last,
        lanes={
            (lane.target.info.variant, str(lane.platform)): _lane(lane, last, folder.info.created)
            for lane in state.lanes
        },
    )


def _lane(lane: LaneState, last: float, at: float) -> PastLane:
    asked = (v for v in lane.verdicts if v.check == "clients" and v.answer is Answer.PASS)
    cut_off = was_cut_off(lane)
    not_begun = cut_off and lane.target.started is None
    return PastLane(
        status=Status.WAITING if not_begun else lane.status,
        cut_off=cut_off,
        seconds=lane_seconds(lane, last),
        size=lane.content_size,
        at=at,
        clients=next((verdict.evidence for verdict in asked), ""),
    )
