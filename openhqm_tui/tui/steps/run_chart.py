"""The chart of a run: one bar per lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from openhqm_tui.domain.formatting import count_text, duration_text
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.timeline import Span, covered, hits_of, lane_spans, run_span
from openhqm_tui.tui.core.labels import how_of, run_mark, state_mark, status_mark, way_words
from openhqm_tui.tui.steps.chart import ChartRow

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import LaneState, RunState


class RunChart:
    """A run's lanes at `now`, in seconds since the epoch."""

    what = "image"

    def __init__(self, state: RunState, now: float) -> None:
        self.state = state
        self.span: Span = run_span(state, now)
        self._lanes = state.lanes
        names = [cell_len(f"{lane.target.name} {lane.platform}") for lane in self._lanes]
        self.widest = min(64, max(names, default=0))
        self.keys = [lane_row(*lane.key) for lane in self._lanes]

    def lane(self, index: int) -> LaneState:
        """Return the lane of a row."""
        return self._lanes[index]

    def first(self) -> int:
        """Return the first lane that failed, else the first."""
        failed = (i for i, lane in enumerate(self._lanes) if lane.status is Status.FAILED)
        return next(failed, 0)

    def row(self, index: int) -> ChartRow:
        """Return a row."""
        lane = self._lanes[index]
        built, checks = lane_spans(lane, self.span[1])
        status, how = lane.status, how_of(lane)
        cached = sum(step.cached for step in lane.steps)
        known = len(lane.steps)
        before = self._lanes[index - 1] if index else None
        notes = [how.value] if how is not None else []
        notes += [f"{cached} of {known} cached"] if cached else []
        return ChartRow(
            mark=status_mark(status),
            place=lane.target.name,
            title=str(lane.platform),
            seconds=covered([*built, *checks]) if built or checks else None,
            notes=tuple(notes),
            spans=built,
            ink="$error" if status is Status.FAILED else "$primary",
            open=status is Status.RUNNING and bool(built),
            again=before is not None and before.target is lane.target,
            checks=checks,
        )

    def head(self, width: int) -> Content:
        """Return the number of lanes and the average parallelism."""
        mark = run_mark(self.state)
        wall = self.span[1] - self.span[0]
        parts = [lane_spans(lane, self.span[1]) for lane in self._lanes]
        busy = sum(covered([*built, *checks]) for built, checks in parts)
        side = f" · {busy / wall:.1f} images in parallel" if wall > 0 else ""
        line = Content.assemble(
            (f"{mark.symbol} ", mark.style),
            ("whole run", "bold"),
            f"  {count_text(len(self.state.targets), 'target')}"
            f" · {count_text(len(self._lanes), 'image')} · {duration_text(wall)}{side}",
            f" · {hits}" if (hits := hits_of(self.state).words) else "",
        )
        return line.truncate(width, ellipsis=True)

    def facts(self) -> tuple[str, ...]:
        """Return a legend of the bars."""
        return "█ built · ▒ checked · Enter shows a target's steps", "█ built · ▒ checked", ""

    def detail(self, index: int) -> Content:
        """Return when a lane was built and checked."""
        lane = self._lanes[index]
        start = self.span[0]
        built, checks = lane_spans(lane, self.span[1])
        way = way_words(lane)
        first = Content.assemble(
            state_mark(lane).content,
            " · ",
            (lane.target.name, "bold"),
            f" {lane.platform}",
            f" · {way}" if way else "",
        )
        over, known = lane.step_counts()
        words = [f"{over} of {count_text(known, 'step')} done"]
        words += filter(None, [hits_of(lane).words])
        for name, spans in (("built", built), ("checked", checks)):
            if spans:
                begin, end = spans[0][0] - start, spans[-1][1] - start
                words.append(f"{name} from {duration_text(begin)} to {duration_text(end)}")
        return Content("\n").join([first, Content.styled(" · ".join(words), "$foreground-muted")])


def lane_row(target: str, platform: str) -> str:
    """Return the key of a lane's row."""
    return f"{target} {platform}"
