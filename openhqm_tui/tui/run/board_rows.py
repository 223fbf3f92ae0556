"""What the board of a run shows: cells, bars and widths; nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.formatting import clock_text, count_text, duration_text, size_text
from openhqm_tui.domain.plan.outputs import artifact_text
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.decisions import result_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import (
    QUEUED,
    SHARED,
    SILENT,
    STATUS_TEXTS,
    STOPPING,
    Status,
    StatusText,
)
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import Span, could_be_cached, covered, lane_spans, spans
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.core.labels import short, silent_for, way_words
from openhqm_tui.tui.steps.chart import Axis, short_name


class BoardCell(NamedTuple):
    """The state of one image; of `details`, which say the same at different lengths, one fits."""

    mark: StatusText
    details: tuple[str, ...] = ()


def _lengths(*facts: str) -> tuple[str, ...]:
    """Return the facts together, then without the last ones."""
    told = [fact for fact in facts if fact]
    return tuple("  ".join(told[:kept]) for kept in range(len(told), 0, -1))


def running_step(lane: LaneState) -> StepState | None:
    """Return the step of a lane that runs, the one that started last if there are several."""
    running = [step for step in lane.steps if step.status is Status.RUNNING]
    return max(running, key=lambda step: step.started or 0.0, default=None)


def shared_with(lane: LaneState) -> LaneState | None:
    """Return the lane under whose name BuildKit does this lane's work at the moment, if any.

    A step that several platforms need, as one on the build platform, runs once, named after one
    of them; the others have only steps that wait for it.
    """
    if running_step(lane) is not None:
        return None
    steps = lane.target.steps
    todo = [digest for step in lane.steps if not step.status.is_over for digest in step.inputs]
    seen: set[str] = set()
    while todo:
        digest = todo.pop()
        if digest in seen or (step := steps.get(digest)) is None:
            continue
        seen.add(digest)
        if step.status is Status.RUNNING and step.lane is not None and step.lane != lane.platform:
            return lane.target.lanes.get(step.lane)
        if not step.status.is_over:
            todo += step.inputs
    return None


def cell_of(lane: LaneState, now: float) -> BoardCell:
    """Return the cell of a lane at a moment, in seconds since the epoch."""
    target, status = lane.target, lane.status
    if target.cancel_asked and not target.status.is_over:
        return BoardCell(STOPPING)
    match status:
        case Status.WAITING:
            return BoardCell(QUEUED, _lengths(_destination(target)))
        case Status.RUNNING:
            return _building(lane, now)
        case Status.CHECKING:
            return _checking(lane, now)
        case Status.PASSED | Status.DONE:
            return BoardCell(result_text(lane), _result_details(lane, now))
        case Status.UNKNOWN | Status.FAILED:
            return BoardCell(result_text(lane), _failure_details(lane))
        case Status.CANCELLED if target.outcome is Outcome.FAILED:
            failed = target.failed_step
            other = failed.lane if failed is not None else None
            return BoardCell(result_text(lane), (f"with {short(other)}",) if other else ())
    return BoardCell(result_text(lane))


# A longer one would be cut: its stage and number say more.
_MOST_LABEL = 24


def _building(lane: LaneState, now: float) -> BoardCell:
    target = lane.target
    if (silent := silent_for(target, now)) is not None:
        return BoardCell(SILENT, (clock_text(silent),))
    step = running_step(lane)
    over, known = lane.step_counts()
    counts = f"{over}/{known}" if known else ""
    if step is None and (other := shared_with(lane)) is not None:
        return BoardCell(SHARED, (f"with {short(other.platform)}",))
    elapsed = clock_text(max(0.0, now - (target.started if target.started is not None else now)))
    if step is None:
        return BoardCell(STATUS_TEXTS[Status.RUNNING], _lengths(elapsed, counts))
    busy = clock_text(step.busy(now))
    label = step.name.short_label
    label = label if len(label) <= _MOST_LABEL else short_name(step)
    details = (
        *_lengths(f"{label} {busy}", counts),
        f"{short_name(step)} {busy}",
        *_lengths(busy, counts),
    )
    return BoardCell(STATUS_TEXTS[Status.RUNNING], details)


def _checking(lane: LaneState, now: float) -> BoardCell:
    if lane.check_started is None or lane.check_ended is not None or lane.asking is None:
        since = lane.target.ended
        waits = clock_text(max(0.0, now - since)) if since is not None else ""
        return BoardCell(QUEUED, (f"for checks {waits}".rstrip(), waits))
    elapsed = clock_text(max(0.0, now - lane.check_started))
    return BoardCell(STATUS_TEXTS[Status.CHECKING], _lengths(elapsed, lane.asking))


def _result_details(lane: LaneState, now: float) -> tuple[str, ...]:
    size = size_text(lane.content_size) if lane.content_size else ""
    warned = sum(verdict.answer is Answer.WARN for verdict in lane.verdicts)
    if lane.platform == lane.target.platforms[0]:
        # Those about the Dockerfile belong to all platforms.
        warned += len(lane.target.warnings)
    warnings = f"! {count_text(warned, 'warning')}" if warned else ""
    return _lengths(size, work_text(lane, now), _destination(lane.target), warnings)


def _destination(target: TargetState) -> str:
    """Return where the output of a target that builds no image goes; '' for images."""
    return one_line(", ".join(map(artifact_text, target.info.artifacts)), 40)


def work_text(lane: LaneState, now: float) -> str:
    """Return how long a lane was worked on, without waiting; `cached` without any own work."""
    built, checks = lane_spans(lane, now)
    if built:
        return duration_text(covered([*built, *checks]))
    return "cached" if any(step.cached for step in lane.steps) else ""


def _failure_details(lane: LaneState) -> tuple[str, ...]:
    if lane.verdicts and lane.target.outcome is not Outcome.FAILED:
        wanted = Answer.FAIL if lane.status is Status.FAILED else Answer.UNKNOWN
        names = [verdict.check for verdict in lane.verdicts if verdict.answer is wanted]
        if len(names) > 2:
            return (f"{names[0]} +{len(names) - 1}",)
        return (", ".join(names), *names[:1])
    step = lane.target.failed_step
    return _lengths(short_name(step) if step is not None else "", lane.target.reason)


def columns_of(state: RunState) -> list[Platform]:
    """Return the platforms of a run, in the order of their first targets."""
    found = {platform: None for target in state.targets.values() for platform in target.platforms}
    return list(found)


# Targets to look at for how a platform is built.
_LOOKED_AT = 12


def ways_of_platform(state: RunState, platform: Platform) -> list[str]:
    """Return how and where a platform is built, then only how; what differs is left out."""
    targets = list(state.targets.values())[:_LOOKED_AT]
    lanes = [target.lanes[platform] for target in targets if platform in target.lanes]
    ways = {way_words(lane) for lane in lanes if lane.how is not None}
    hows = {lane.how.value for lane in lanes if lane.how is not None}
    return [*(ways if len(ways) == 1 else ()), *(hows if len(hows) == 1 else ())]


# Bars.


class BarPart(StrEnum):
    """What a cell of a bar stands for."""

    NOTHING = " "
    QUEUED = "·"
    CACHED = "▪"
    CHECKED = "▒"
    BUILT = "█"
    FAILED = "✗"


class TargetSpans(NamedTuple):
    """When a target waited, was built, failed and was checked; `running`: it is being built."""

    queued: Sequence[Span]
    built: Sequence[Span]
    checked: Sequence[Span]
    failed: Sequence[Span]
    cached_at: float | None = None
    running: bool = False


def spans_of(target: TargetState, now: float) -> TargetSpans:
    """Return the spans of all lanes of a target until `now`."""
    start, run = target.started, target.run
    if start is None:
        waits = run.started is not None and target.outcome is None and run.in_progress
        return TargetSpans([(run.started or now, now)] if waits else [], [], [], [])
    queued = [(run.started, start)] if run.started is not None and run.started < start else []
    running = target.outcome is None and run.in_progress
    until = now if running else target.ended or run.last_at
    # Until its end, it is unknown whether everything comes from the cache.
    cached = not running and _is_cached(target)
    built = [] if cached else [(start, max(start, until))]
    checked = []
    for lane in target.lanes.values():
        if lane.check_started is not None:
            checked += lane_spans(lane, now)[1]
        elif lane.status is Status.CHECKING and target.ended is not None:
            queued.append((target.ended, now))
        if target.ended is not None and checked:
            queued.append((target.ended, max(target.ended, lane.check_started or now)))
    step = target.failed_step
    failed = spans(step, until) if step is not None else []
    if target.outcome is Outcome.FAILED and not failed:
        failed = [(until, until)]
    return TargetSpans(
        queued,
        built,
        checked,
        failed,
        cached_at=start if cached else None,
        running=running,
    )


def _is_cached(target: TargetState) -> bool:
    """Return whether all steps of a target that could come from the cache did."""
    found = [step.cached for step in target.steps.values() if could_be_cached(step)]
    return bool(found) and all(found)


_EIGHTHS = "▏▎▍▌▋▊▉█"


def bar_of(told: TargetSpans, axis: Axis) -> list[tuple[str, BarPart]]:
    """Return a bar as characters with their meaning, one for each cell of the axis.

    What is more important covers the rest: a failure, then building, checking, waiting. Each span
    has at least one cell. The end of a bar that still grows is drawn to an eighth of a cell.
    """
    cells = [(" ", BarPart.NOTHING)] * axis.width
    if not axis.width:
        return cells

    def paint(parts: Iterable[Span], part: BarPart, char: str, *, least: bool = True) -> None:
        for start, end in parts:
            if end < axis.start or start > axis.end:
                continue
            first = min(axis.width - 1, int(axis.place(start)))
            last = max(first + least, round(axis.place(end)))
            for place in range(first, min(axis.width, last)):
                cells[place] = (char, part)

    paint(told.queued, BarPart.QUEUED, BarPart.QUEUED.value, least=False)
    if told.cached_at is not None:
        paint([(told.cached_at, told.cached_at)], BarPart.CACHED, BarPart.CACHED.value)
    paint(told.checked, BarPart.CHECKED, BarPart.CHECKED.value)
    paint(told.built, BarPart.BUILT, BarPart.BUILT.value)
    if told.failed:
        paint(told.failed, BarPart.FAILED, BarPart.BUILT.value)
        place = min(axis.width - 1, int(axis.place(max(end for _, end in told.failed))))
        cells[place] = (BarPart.FAILED.value, BarPart.FAILED)
    elif told.running and told.built:
        end = axis.place(max(end for _, end in told.built))
        place = min(axis.width - 1, int(end))
        filled = min(8, int(8 * (end - place)))
        cells[place] = (_EIGHTHS[max(0, filled - 1)], BarPart.BUILT)
    return cells


# Ends of the axis of a run that goes on, in seconds: it changes rarely, so that bars don't move.
_ENDS = (
    *(10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600),
    *(5400, 7200, 10800, 14400, 21600, 43200, 86400),
)


def axis_of(state: RunState, now: float, width: int, left: float | None = None) -> Axis:
    """Return the axis of a run: exact if it has ended, else with room until its estimated end.

    `left` is the estimated number of seconds left.
    """
    start = state.started if state.started is not None else now
    if not state.in_progress:
        end = state.ended if state.ended is not None else state.last_at
        return Axis(start, max(start, end), width)
    expected = max(now - start + 1, now - start + (left or 0.0))
    length = next((end for end in _ENDS if end >= expected), expected)
    return Axis(start, start + length, width)


# Widths.

# The edge, the symbol and the gap after the name.
_FRAME = 4
_LEAST_NAME, _LEAST_CELL, _GOOD_CELL, _MOST_CELL = 6, 9, 21, 36
_LEAST_BAR, _MOST_BAR = 14, 80


class BoardWidths(NamedTuple):
    """The widths of the name, of each of `cells` columns, and of the bar."""

    name: int
    cell: int
    cells: int
    bar: int


def widths(width: int, longest: int, platforms: int) -> BoardWidths:
    """Distribute a width: cells that say what happens, then a bar, then longer details."""
    name = min(max(longest, _LEAST_NAME), max(_LEAST_NAME + 4, width // 5))
    room = max(0, width - _FRAME - name)
    cells = max(1, min(platforms, room // _LEAST_CELL))
    bar = 0
    if room >= cells * _GOOD_CELL + _LEAST_BAR:
        bar = max(_LEAST_BAR, min(_MOST_BAR, room * 35 // 100, room - cells * (_GOOD_CELL + 5)))
    cell = min((room - bar) // cells, _MOST_CELL)
    if bar:
        bar = min(_MOST_BAR, room - cell * cells)
    return BoardWidths(name, cell, cells, bar)


_WORD = 8


def cell_words(cell: BoardCell, room: int) -> tuple[str, str]:
    """Return symbol and word of a cell, and the details that fit; in little room, the symbol."""
    word = str(cell.mark)
    if len(word) > room:
        return cell.mark.symbol, ""
    for details in cell.details:
        for padded in (word.ljust(_WORD + 2), word):
            if len(padded) + 1 + len(details) <= room:
                return padded, f" {details}"
    return word, ""
