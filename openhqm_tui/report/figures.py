"""What a report computes: where the time went, the sizes of images, what wasn't verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from openhqm_tui.domain.buildkit.vertex import StepKind
from openhqm_tui.domain.checks.layer_manifest import by_digest, holders, in_every, unique_bytes
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run.critical_path import critical_path, load
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import run_span, spans, target_span
from openhqm_tui.report import model
from openhqm_tui.report.model import Lane, Limit

# A run of 8 × 2 images has about 150; an imported one may have any number.
_MOST_STEPS = 2000


class Timing:
    """Measures a run, up to `now` if it is in progress; times are relative to its start."""

    def __init__(self, state: RunState, now: float) -> None:
        self._state = state
        self.now = now
        self._start, _ = run_span(state, now)
        self._paths = {
            name: critical_path(target) for name, target in state.targets.items() if target.steps
        }

    def since_start(self, moment: float | None) -> float | None:
        """Return the seconds from the run's start to a moment."""
        return None if moment is None else max(0.0, moment - self._start)

    def target(self, target: TargetState) -> dict[str, float | None]:
        """Return the figures of a target's build, by field name of the model."""
        if target.started is None:
            return {}
        sums = load(target, self._paths.get(target.name, ()), self.now)
        return {
            "started": self.since_start(target.started),
            "build_seconds": sums.wall,
            "busy_seconds": sums.busy,
            "path_seconds": sums.on_path,
        }

    def steps(self) -> tuple[model.Step, ...]:
        """Return the steps that took time, in order of their start.

        Work that targets share was done once, and is one step.
        """
        found: dict[str, model.Step] = {}
        for target in self._state.targets.values():
            for step in target.steps.values():
                if not step.intervals or step.cached or step.name.kind is StepKind.INTERNAL:
                    continue
                one = self._step(target, step)
                shared = found.get(step.digest)
                found[step.digest] = one if shared is None else _together(shared, one)
        return tuple(sorted(found.values(), key=lambda s: (s.start, s.label)))[:_MOST_STEPS]

    def critical_path(self) -> tuple[model.Step, ...]:
        """Return the critical path of the last target to finish, without cached steps."""
        begun = [t for t in self._state.targets.values() if t.name in self._paths]
        if not begun:
            return ()
        last = max(begun, key=lambda target: target_span(target, self.now)[1])
        steps = (last.steps[digest] for digest in self._paths[last.name])
        return tuple(self._step(last, step) for step in steps if not step.cached)

    def _step(self, target: TargetState, step: StepState) -> model.Step:
        until = target_span(target, self.now)[1]
        ran = spans(step, until)
        return model.Step(
            label=step.name.full_label,
            targets=(target.name,),
            platform="" if step.lane is None else str(step.lane),
            how="" if step.how is None else step.how.value,
            status=step.status.value,
            start=max(0.0, ran[0][0] - self._start) if ran else 0.0,
            seconds=_total(ran),
            cached=step.cached,
            on_path=step.digest in self._paths.get(target.name, ()),
        )


def _total(ran: Iterable[tuple[float, float]]) -> float:
    return sum(end - start for start, end in ran)


def _together(one: model.Step, other: model.Step) -> model.Step:
    return model.Step(
        label=one.label,
        targets=(*one.targets, *other.targets),
        platform=one.platform,
        how=one.how or other.how,
        status=other.status if other.status == "failed" else one.status,
        start=min(one.start, other.start),
        seconds=max(one.seconds, other.seconds),
        on_path=one.on_path or other.on_path,
    )


class Shares:
    """Which images share layers; `held` maps a layer's digest to its number of images."""

    def __init__(self, state: RunState) -> None:
        known = [lane for lane in state.lanes if lane.layers]
        self.held = holders([lane.layers for lane in known])
        platforms = {lane.platform for lane in known}
        self._common = {
            platform: in_every([lane.layers for lane in known if lane.platform == platform])
            for platform in platforms
        }

    def common_bytes(self, lane: LaneState) -> int:
        """Return the compressed bytes in layers that all images of the lane's platform have."""
        common = self._common[lane.platform]
        sizes = by_digest(lane.layers)
        return sum(size for digest, size in sizes.items() if digest in common)


def against_all(lanes: list[model.Lane]) -> list[model.Lane]:
    """Return the lanes with their size relative to that of the target `all`."""
    whole = {lane.platform: lane.bytes for lane in lanes if lane.variant == "all"}
    return [
        msgspec.structs.replace(lane, against_all=lane.bytes / size)
        if lane.bytes is not None and (size := whole.get(lane.platform))
        else lane
        for lane in lanes
    ]


def sizes_of(state: RunState, lanes: list[model.Lane]) -> model.Sizes:
    """Return the total sizes of all images."""
    sizes = [lane.bytes for lane in lanes if lane.bytes is not None]
    images = [lane.layers for lane in state.lanes if lane.content_size]
    unique = None
    if images and all(images):
        # Manifests and configs are never shared.
        rest = [
            lane.content_size - sum(by_digest(lane.layers).values())
            for lane in state.lanes
            if lane.content_size
        ]
        unique = unique_bytes(images) + sum(max(0, size) for size in rest)
    platforms = list(dict.fromkeys(lane.platform for lane in lanes))
    by_key = {(lane.target, lane.platform): lane.bytes for lane in lanes if lane.bytes}
    return model.Sizes(
        total_bytes=sum(sizes) if sizes else None,
        unique_bytes=unique,
        layers=len(by_digest([layer for layers in images for layer in layers])) if unique else None,
        platforms=tuple(
            model.Comparison(
                target=name,
                first=platforms[0],
                second=other,
                first_bytes=first,
                second_bytes=second,
                ratio=second / first,
            )
            for name in state.targets
            for other in platforms[1:]
            if (first := by_key.get((name, platforms[0]))) and (second := by_key.get((name, other)))
        ),
    )


CLIPPED = b"[output clipped"
_MOST_NOTES = 50


def limits_of(state: RunState, lanes: Iterable[Lane]) -> tuple[Limit, ...]:
    """Return the known limits of a run, most important first."""
    known = list(lanes)
    return (
        *_of_run(state, known),
        *_of_verdicts(known),
        *_of_logs(state),
        *_of_sizes(known),
        *_notes(state),
    )


def name_of(lane: Lane | LaneState) -> str:
    """Return a lane's display name: `redis linux/arm64`."""
    if isinstance(lane, Lane):
        return f"{lane.target} {lane.platform}"
    return " ".join(lane.key)


def _of_run(state: RunState, lanes: list[Lane]) -> Iterator[Limit]:
    if state.interrupted:
        yield Limit(kind="interrupted", text="the runner died before the run finished")
    elif state.outcome is None:
        yield Limit(kind="running", text="the run is still in progress: these are interim results")
    if not state.info.check:
        yield Limit(
            kind="not checked",
            text="checks were disabled (--no-check or `check = false`), so no image was checked",
        )
    emulated = tuple(name_of(lane) for lane in lanes if lane.ran == "emulated")
    if emulated:
        text = (
            "checked under an emulator: the results are valid, but the times don't apply to native "
            "hardware"
        )
        yield Limit(kind="emulated", text=text, lanes=emulated)
    slow = tuple(name_of(lane) for lane in lanes if lane.built == "emulated")
    if slow:
        text = "built under an emulator: a native node or a cross build is much faster"
        yield Limit(kind="emulated build", text=text, lanes=slow)


def _of_verdicts(lanes: list[Lane]) -> Iterator[Limit]:
    for answer, kind in (
        (Answer.UNKNOWN, "unknown"),
        (Answer.WARN, "warning"),
        (Answer.WAIVED, "waived"),
    ):
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
        clipped += [name_of(lane) for lane in target.lanes.values() if lane.log.contains(CLIPPED)]
        if target.log.contains(CLIPPED):
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
        text = "the layers were not read, so the size shared with other images is unknown"
        yield Limit(kind="not measured", text=text, lanes=unknown)
    if packed := tuple(name_of(lane) for lane in there if lane.unpacked_bytes is None):
        text = "the image was never unpacked, so its size on disk is unknown"
        yield Limit(kind="not measured", text=text, lanes=packed)


def _notes(state: RunState) -> Iterator[Limit]:
    found: dict[str, list[str]] = {}
    for target in state.targets.values():
        for short, url in target.warnings:
            found.setdefault(f"{short} ({url})" if url else short, []).append(target.name)
    for text, names in found.items():
        yield Limit(kind="Dockerfile", text=text, lanes=tuple(names))
    for note in state.notes[:_MOST_NOTES]:
        yield Limit(kind="note", text=note)
