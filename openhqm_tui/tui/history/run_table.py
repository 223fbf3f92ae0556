"""The runs as a table, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from rich.cells import cell_len
from textual.content import Content

from openhqm_tui.domain.formatting import (
    count_text,
    elapsed_text,
    local_time_text,
    percent_text,
    size_text,
)
from openhqm_tui.domain.history.trends import average, run_hit_rate
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.core.labels import GOING_ON, INTERRUPTED, Mark, status_mark
from openhqm_tui.tui.widgets.table import CellTable

if TYPE_CHECKING:
    from openhqm_tui.tui.history.past_runs import PastRun

_HEADING = ("started", "result", "took", "images", "size", "cached", "run", "targets")
_GOOD = {Status.PASSED.value, Status.DONE.value}
CHOSEN = "◉"


class RunTable(CellTable):
    """A row for every run; the one that others are compared with has a sign."""

    def show_runs(self, runs: Sequence[PastRun], now: float, chosen: str) -> None:
        """Show runs."""
        rows = _Rows(runs, now, chosen)
        self.show(_HEADING, rows, rows.widths())


def list_words(runs: Sequence[PastRun], problem: str, chosen: str) -> Content:
    """Return what is to be said of all the runs."""
    live = sum(run.live for run in runs)
    parts: list[Content | str | tuple[str, str]] = [(count_text(len(runs), "run"), "bold")]
    if live:
        parts.append((f" · {GOING_ON.symbol} {live} running", GOING_ON.style))
    hit = average(run_hit_rate(run.record) for run in runs if not run.live)
    if hit is not None:
        parts.append(f" · {percent_text(hit)} of steps cached")
    if problem:
        parts.append((f" · ! {one_line(problem, 300)}", "$text-warning"))
    elif chosen:
        parts.append(f" · {CHOSEN} {chosen} marked: c compares with it")
    else:
        parts.append(" · Enter opens a run")
    return Content.assemble(*parts)


class _Rows(Sequence[Sequence[Content]]):
    """Cells of runs, made when they are drawn: of a thousand runs a screen shows fifty."""

    def __init__(self, runs: Sequence[PastRun], now: float, chosen: str) -> None:
        self._runs, self._now, self._chosen = runs, now, chosen

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> Sequence[Content]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[Content]]: ...
    def __getitem__(self, index: int | slice) -> Sequence[Content] | Sequence[Sequence[Content]]:
        if isinstance(index, slice):
            return [self._cells(run) for run in self._runs[index]]
        return self._cells(self._runs[index])

    def widths(self) -> list[int]:
        """Return how many columns each column needs."""
        marks = {f"{mark.symbol} {mark.word}" for mark in map(run_mark_of, self._runs)}
        rows = [self._texts(run) for run in self._runs]
        told = [max(map(cell_len, column), default=0) for column in zip(*rows, strict=True)]
        return [told[0], max(map(cell_len, marks), default=0), *told[1:]]

    def _cells(self, run: PastRun) -> Sequence[Content]:
        started, took, images, bytes_, hit, name, targets = self._texts(run)
        return (
            Content(started),
            run_mark_of(run).content,
            *map(Content, (took, images, bytes_, hit)),
            Content.styled(
                name, "$primary bold" if run.name == self._chosen else "$foreground-muted"
            ),
            Content(targets),
        )

    def _texts(self, run: PastRun) -> tuple[str, ...]:
        """Return the cells but the mark."""
        good = many = bytes_ = 0
        for lane in run.records:
            many += 1
            good += lane.status in _GOOD
            bytes_ += lane.size
        seconds = run.seconds + (max(0.0, self._now - run.last) if run.live else 0.0)
        hit = run_hit_rate(run.record)
        return (
            local_time_text(run.created),
            elapsed_text(seconds, running=run.live),
            f"{good}/{many}",
            size_text(bytes_ or None),
            percent_text(hit),
            f"{CHOSEN} {run.name}" if run.name == self._chosen else run.name,
            one_line(", ".join(run.targets), 200),
        )


def run_mark_of(run: PastRun) -> Mark:
    """Return how a run of the list looks."""
    if run.live:
        return GOING_ON
    if run.interrupted:
        return INTERRUPTED
    # A run without checks has verified nothing.
    verified = any(lane.status == Status.PASSED.value for lane in run.records)
    unchecked = run.status is Status.PASSED and not verified
    return status_mark(Status.DONE if unchecked else run.status)
