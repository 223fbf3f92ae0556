"""The chart of a target: its steps by lane and stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.formatting import count_text, duration_text, elapsed_text, progress_text
from openhqm_tui.domain.run.critical_path import Order, load
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.timeline import Span, build_is_over, hits_of, merged, spans, target_span
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.core.labels import status_mark, step_mark, way_words
from openhqm_tui.tui.steps.chart import ChartRow, short_name

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.run.state import TargetState
    from openhqm_tui.domain.run.step import StepState

_NEVER = float("inf")
_INKS = {
    Status.FAILED: "$error",
    Status.CANCELLED: "$foreground-muted",
    Status.CACHED: "$foreground-muted",
}
# Steps with a smaller share are not named in the path's summary.
_TELLING = 0.02


class _Group(NamedTuple):
    """The steps of one lane, or of the target itself."""

    lane: Platform | None
    steps: list[StepState]


class _Line(NamedTuple):
    """One row: a group's heading, or one of its steps."""

    group: _Group
    step: StepState | None = None
    again: bool = False


class TargetChart:
    """A target's steps at `now`, in seconds since the epoch."""

    what = "step"
    widest = 64

    def __init__(self, target: TargetState, now: float, *, cached: bool = True) -> None:
        self.target = target
        self.over = build_is_over(target)
        self.span: Span = target_span(target, now)
        order = Order(target)
        self.path = order.path()
        self._critical = frozenset(self.path)
        self._order = order
        self._lines: list[_Line] = []
        for group in _groups(target):
            shown = [s for s in group.steps if cached or not s.cached]
            self._lines.append(_Line(group))
            place = None
            for step in shown:
                stage = step.name.stage
                self._lines.append(_Line(group, step, stage == place and bool(stage)))
                place = stage
        self.keys = [
            str(line.group.lane or "") if line.step is None else line.step.digest
            for line in self._lines
        ]

    def step(self, index: int) -> StepState | None:
        """Return the step of a row; None for a heading."""
        return self._lines[index].step

    def lane(self, index: int) -> Platform | None:
        """Return the platform of a row; None if it belongs to no lane."""
        return self._lines[index].group.lane

    def first(self) -> int:
        """Return the row of the failed step, else the first."""
        failed = self.target.failed_step
        return next((i for i, line in enumerate(self._lines) if line.step is failed), 0)

    def row(self, index: int) -> ChartRow:
        """Return a row."""
        line = self._lines[index]
        return self._heading(line.group) if line.step is None else self._row(line.step, line.again)

    def head(self, width: int) -> Content:
        """Return the critical path."""
        mark = status_mark(self.target.status)
        name = Content.assemble((f"{mark.symbol} ", mark.style), (self.target.name, "bold"), "  ")
        if not self.target.steps:
            waits = "queued" if self.target.started is None else "no steps yet"
            return name + Content("no steps started" if self.over else waits)
        sums = load(self.target, self.path, self.span[1])
        path = Content.assemble(
            ("» critical path ", "$critical bold"),
            (f"{duration_text(sums.on_path)} of {duration_text(sums.wall)}", "bold"),
            ": ",
        )
        first = name + path
        chain = self._chain(_TELLING * sums.wall, width - first.cell_length)
        return (first + Content(chain)).truncate(width, ellipsis=True)

    def facts(self) -> tuple[str, ...]:
        """Return the number of steps and their parallelism."""
        sums = load(self.target, self.path, self.span[1])
        counts = f"{count_text(sums.steps, 'step')} · {sums.cached} cached"
        hits = hits_of(self.target).words or counts
        side = f"{sums.busy / sums.wall:.1f} in parallel" if sums.wall > 0 else "no steps ran"
        work = f"{duration_text(sums.busy)} of work in {duration_text(sums.wall)}"
        return f"{hits} · {work} · {side}", f"{hits} · {side}", hits, counts

    def detail(self, index: int) -> Content:
        """Return the details of a step or lane."""
        line = self._lines[index]
        if line.step is None:
            return self._lane_detail(line.group)
        step = line.step
        mark = step_mark(self._status(step))
        facts = [str(step.lane)] if step.lane is not None else ["whole target"]
        facts += [step.how.value] if step.how is not None and not step.cached else []
        if moved := progress_text(*step.moved()):
            facts.append(moved)
        first = Content.assemble(
            mark.content,
            " · ",
            (step.name.place or short_name(step), "bold"),
            "".join(f" · {fact}" for fact in facts),
            (" · » critical", "$critical") if step.digest in self._critical else "",
        )
        lines = [first]
        if step.error and mark.word != "stopped":
            lines.append(Content.styled(_one_error(step.error), "$text-error"))
        lines.append(Content.styled(self._times(step), "$foreground-muted"))
        if step.name.place:
            lines.append(Content(step.name.title))
        if inputs := self._inputs(step):
            lines.append(Content.assemble(("needs ", "$foreground-muted"), ", ".join(inputs)))
        return Content("\n").join(lines)

    def _chain(self, least: float, room: int) -> str:
        """Return the path's last step and those of at least `least` seconds, as many as fit."""
        steps = [self.target.steps[digest] for digest in self.path]
        telling = [*(s for s in steps[:-1] if self._took(s) >= least), *steps[-1:]]
        while True:
            chain = " → ".join(dict.fromkeys(short_name(step) for step in telling))
            if cell_len(chain) <= room or len(telling) <= 1:
                return chain
            telling.remove(min(telling[:-1], key=self._took))

    def _row(self, step: StepState, again: bool) -> ChartRow:
        status = self._status(step)
        critical = step.digest in self._critical
        ink = _INKS.get(status, "$critical" if critical else "$primary")
        told = step.name.of or step.name.stage
        return ChartRow(
            mark=step_mark(status),
            place=step.name.place if told else "",
            title=short_title(step.name.title),
            seconds=step.busy(self.span[1]) if step.intervals and not step.cached else None,
            notes=self._notes(step, status, critical=critical),
            spans=spans(step, self.span[1]),
            ink=ink,
            critical=critical,
            open=status is Status.RUNNING,
            point=step.cached,
            again=again,
            could=self._could(step),
        )

    def _heading(self, group: _Group) -> ChartRow:
        parts = merged(span for step in group.steps for span in spans(step, self.span[1]))
        cached = sum(step.cached for step in group.steps)
        counts = [count_text(len(group.steps), "step"), f"{cached} cached" if cached else ""]
        lane = self.target.lanes.get(group.lane) if group.lane is not None else None
        status = lane.status if lane is not None else _standing(group.steps, over=self.over)
        return ChartRow(
            mark=status_mark(status),
            place=str(group.lane) if group.lane is not None else "whole target",
            title=way_words(lane) if lane is not None else "",
            seconds=parts[-1][1] - parts[0][0] if parts else None,
            notes=tuple(filter(None, counts)),
            spans=[(parts[0][0], parts[-1][1])] if parts else [],
            ink="$foreground-muted",
            heading=True,
        )

    def _status(self, step: StepState) -> Status:
        status = step.status
        # The end of steps in a killed build is unknown.
        return Status.CANCELLED if status is Status.RUNNING and self.over else status

    def _notes(self, step: StepState, status: Status, *, critical: bool) -> tuple[str, ...]:
        notes = []
        if status is Status.FAILED:
            notes.append(_short_error(step.error))
        if status is Status.CANCELLED:
            notes.append("stopped")
        if moved := progress_text(*step.moved()):
            notes.append(moved)
        if step.cached:
            notes.append("cached")
        elif step.how is ExecutionMode.EMULATED:
            notes.append("emulated")
        if critical:
            notes.append("critical")
        return tuple(notes)

    def _could(self, step: StepState) -> float | None:
        """Return when a step could have started, if it had to wait for anything else."""
        before = self._order.waited_for(step) if step.intervals and not step.cached else None
        return before.ended if before is not None else None

    def _times(self, step: StepState) -> str:
        start, started = self.span[0], step.started
        if started is None:
            return "never started" if self.over else "waiting for its inputs"
        words = [f"started at {duration_text(started - start)}"]
        if step.cached:
            words = [f"cache lookup at {duration_text(started - start)}, cached"]
        else:
            running = step.ended is None
            took = elapsed_text(self._took(step), running=running)
            words.append(f"{'running for' if running else 'took'} {took}")
        before = self._order.waited_for(step)
        if before is not None and not step.cached:
            gap = started - before.ended if before.ended is not None else 0.0
            waited = f", then {duration_text(gap)} more" if gap >= 0.05 else ""
            words.append(f"waited for {short_name(before)}{waited}")
        return " · ".join(words)

    def _took(self, step: StepState) -> float:
        return step.busy(self.span[1])

    def _inputs(self, step: StepState) -> list[str]:
        known = [self.target.steps.get(digest) for digest in step.inputs]
        names = _without_repeats(short_name(s) for s in known if s is not None)
        missing = sum(s is None for s in known)
        return [*names, f"{missing} not reported"] if missing else names

    def _lane_detail(self, group: _Group) -> Content:
        row = self._heading(group)
        words = ["the target's own steps"] if group.lane is None else ["image"]
        words += [row.title] if row.title else []
        words += list(row.notes)
        ran = [s for s in group.steps if s.intervals and not s.cached]
        slow = sorted(ran, key=lambda s: -s.busy(self.span[1]))[:3]
        first = Content.assemble(
            row.mark.content, " · ", (row.place, "bold"), "".join(f" · {w}" for w in words)
        )
        named = ", ".join(f"{short_name(s)} {duration_text(self._took(s))}" for s in slow)
        second = (
            Content.assemble(("slowest ", "$foreground-muted"), named) if named else Content("")
        )
        legend = Content.styled(
            "─ waited · c cached · ▸ still running · » critical", "$foreground-muted"
        )
        return Content("\n").join(part for part in (first, second, legend) if part)


def _groups(target: TargetState) -> list[_Group]:
    """Return the lanes in plan order, then steps without a lane; steps are ordered."""
    found: dict[Platform | None, list[StepState]] = {p: [] for p in target.platforms}
    for step in target.steps.values():
        found.setdefault(step.lane, []).append(step)
    own = found.pop(None, [])
    groups = [_Group(lane, _in_order(steps)) for lane, steps in found.items()]
    return [*groups, _Group(None, sorted(own, key=_began))] if own else groups


def _in_order(steps: Iterable[StepState]) -> list[StepState]:
    """Return steps by start of their stage, and by number within the stage."""
    begins: dict[str, tuple[float, int]] = {}
    keyed = []
    for step in steps:
        key = _began(step)
        stage = step.name.stage
        begins[stage] = min(begins.get(stage, key), key)
        keyed.append((step.name.index, key, step))
    keyed.sort(key=lambda part: (begins[part[2].name.stage], part[2].name.stage, part[:2]))
    return [step for _, _, step in keyed]


def _began(step: StepState) -> tuple[float, int]:
    return min(step.intervals, default=_NEVER), step.number


def _standing(steps: Iterable[StepState], *, over: bool) -> Status:
    """Return the combined status of steps."""
    statuses = {step.status for step in steps}
    if Status.FAILED in statuses:
        return Status.FAILED
    if over:
        return Status.DONE
    if Status.RUNNING in statuses:
        return Status.RUNNING
    return Status.WAITING if Status.WAITING in statuses or not statuses else Status.DONE


def _without_repeats(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _one_error(error: str) -> str:
    return one_line(error.rsplit("did not complete successfully: ", 1)[-1], 500)


def _short_error(error: str) -> str:
    words = _one_error(error)
    return words if len(words) <= 24 else "failed"
