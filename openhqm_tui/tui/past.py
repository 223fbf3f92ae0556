"""Earlier runs in few words, read from their events alone: their streams stay on disk."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.journal import event_decoder
from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.state import RunState, Status
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.words import lane_seconds


class PastLane(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane ended the last time."""

    status: Status
    seconds: float = 0.0
    size: int = 0


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier run; `lanes` by variant and platform."""

    folder: RunFolder
    created: float
    status: Status
    live: bool
    seconds: float
    targets: tuple[str, ...]
    lanes: dict[tuple[str, str], PastLane]


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


def last_lanes(runs: Iterable[PastRun]) -> dict[tuple[str, str], PastLane]:
    """Return how each variant went the last time on each platform; `runs` latest first."""
    found: dict[tuple[str, str], PastLane] = {}
    for run in runs:
        if not run.live:
            for key, lane in run.lanes.items():
                if lane.status is not Status.WAITING:
                    found.setdefault(key, lane)
    return found


def _read(folder: RunFolder) -> PastRun:
    live = folder.is_live()
    state = RunState(folder.info)
    last = folder.info.created
    for line in folder.events_file.read_bytes().split(b"\n"):
        try:
            event = event_decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        state.apply_event(event)
        last = max(last, event.at)
    state.interrupted = not live and state.outcome is None
    started = state.started if state.started is not None else folder.info.created
    lanes = {
        (lane.target.info.variant, str(lane.platform)): PastLane(
            status=lane.status,
            seconds=lane_seconds(lane, last),
            size=lane.content_size,
        )
        for lane in state.lanes
    }
    return PastRun(
        folder=folder,
        created=folder.info.created,
        status=state.status,
        live=live,
        seconds=max(0.0, (state.ended if state.ended is not None else last) - started),
        targets=tuple(state.targets),
        lanes=lanes,
    )
