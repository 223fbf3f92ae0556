"""What a run doesn't verify, and its remarks, so that readers don't overestimate the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run.state import LaneState, RunState
from openhqm_tui.report.model import Lane, Limit

CLIPPED = b"[output clipped"
_MOST_NOTES = 50


def limits_of(state: RunState, lanes: Iterable[Lane]) -> tuple[Limit, ...]:
    """Return the known limits of a run, the most important first."""
    told = list(lanes)
    return (
        *_of_the_run(state, told),
        *_of_answers(told),
        *_of_logs(state),
        *_of_sizes(told),
        *_remarks(state),
    )


def name_of(lane: Lane | LaneState) -> str:
    """Return a lane as a person names it: `redis linux/arm64`."""
    if isinstance(lane, Lane):
        return f"{lane.target} {lane.platform}"
    return " ".join(lane.key)


def _of_the_run(state: RunState, lanes: list[Lane]) -> Iterator[Limit]:
    if state.interrupted:
        yield Limit(kind="interrupted", text="the runner died before the run finished")
    elif state.outcome is None:
        yield Limit(kind="running", text="the run is still in progress: this is its current state")
    if not state.info.check:
        yield Limit(
            kind="not checked", text="the checks were off (--no-check): no image was checked"
        )
    emulated = tuple(name_of(lane) for lane in lanes if lane.ran == "emulated")
    if emulated:
        text = (
            "checked under an emulator: the results are verified, but the times say nothing about "
            "native hardware"
        )
        yield Limit(kind="emulated", text=text, lanes=emulated)
    slow = tuple(name_of(lane) for lane in lanes if lane.built == "emulated")
    if slow:
        text = "built under an emulator: a native node or a cross build is much faster"
        yield Limit(kind="emulated build", text=text, lanes=slow)


def _of_answers(lanes: list[Lane]) -> Iterator[Limit]:
    for answer, kind in ((Answer.UNKNOWN, "unknown"), (Answer.WARN, "warning")):
        found: dict[str, list[str]] = {}
        for lane in lanes:
            for case in lane.cases:
                if case.answer == answer.value:
                    found.setdefault(f"{case.check}: {case.seen}", []).append(name_of(lane))
        for text, names in found.items():
            yield Limit(kind=kind, text=text, lanes=tuple(names))


def _of_logs(state: RunState) -> Iterator[Limit]:
    clipped = []
    for target in state.targets.values():
        clipped += [name_of(lane) for lane in target.lanes.values() if lane.log.holds(CLIPPED)]
        if target.log.holds(CLIPPED):
            clipped.append(target.name)
    if clipped:
        text = (
            "BuildKit omitted part of the log: set BUILDKIT_STEP_LOG_MAX_SIZE=-1 and "
            "BUILDKIT_STEP_LOG_MAX_SPEED=-1 on the builder to keep all of it"
        )
        yield Limit(kind="clipped log", text=text, lanes=tuple(clipped))


def _of_sizes(lanes: list[Lane]) -> Iterator[Limit]:
    there = [lane for lane in lanes if lane.bytes is not None]
    if unknown := tuple(name_of(lane) for lane in there if lane.layers is None):
        text = "its layers were not read: what it shares with other images is unknown"
        yield Limit(kind="not measured", text=text, lanes=unknown)
    if packed := tuple(name_of(lane) for lane in there if lane.unpacked_bytes is None):
        text = "it was never unpacked: its size on disk is unknown"
        yield Limit(kind="not measured", text=text, lanes=packed)


def _remarks(state: RunState) -> Iterator[Limit]:
    found: dict[str, list[str]] = {}
    for target in state.targets.values():
        for short, url in target.warnings:
            found.setdefault(f"{short} ({url})" if url else short, []).append(target.name)
    for text, names in found.items():
        yield Limit(kind="Dockerfile", text=text, lanes=tuple(names))
    for note in state.notes[:_MOST_NOTES]:
        yield Limit(kind="note", text=note)
