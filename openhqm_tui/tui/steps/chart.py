"""What a waterfall shows: rows with a bar each, drawn to an eighth of a cell on a time axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from textual.content import Content

from openhqm_tui.domain.buildkit.vertex import StepKind
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import Span
from openhqm_tui.tui.core.labels import Mark


class ChartRow(NamedTuple):
    """The current state of one row.

    `place` and `title` are its name, `seconds` is its duration, `notes` are remarks, most important
    first. `spans` is when it ran, `checks` when its image was checked, `could` when it could have
    started. A `heading` belongs to a group; `open` means still running, `point` without duration,
    `again` that the row above has the same place.
    """

    mark: Mark
    place: str
    title: str
    seconds: float | None
    notes: tuple[str, ...]
    spans: Sequence[Span]
    ink: str
    heading: bool = False
    critical: bool = False
    open: bool = False
    point: bool = False
    again: bool = False
    could: float | None = None
    checks: Sequence[Span] = ()


class Chart(Protocol):
    """A chart whose rows are created when they become visible."""

    @property
    def span(self) -> Span:
        """Start and end, in seconds since the epoch."""

    @property
    def keys(self) -> Sequence[str]:
        """A stable key for each row."""

    def row(self, index: int) -> ChartRow:
        """Return a row."""

    @property
    def what(self) -> str:
        """The name of its rows."""

    @property
    def widest(self) -> int:
        """The maximum useful width of a name."""

    def head(self, width: int) -> Content:
        """Return the headline."""

    def facts(self) -> tuple[str, ...]:
        """Return variants of a summary, from long to short."""

    def detail(self, index: int) -> Content:
        """Return the details of a row."""

    def first(self) -> int:
        """Return the row to select first."""


def short_name(step: StepState) -> str:
    """Return a step's short name: `core 2/3`, `export`."""
    if step.name.kind is StepKind.EXPORT and step.name.title.startswith("exporting"):
        return "export"
    return step.name.place if step.name.of else step.name.short_label


# Easily readable distances between ticks, in seconds.
_NICE = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
_LEFT = " ▏▎▍▌▋▊▉█"


class Cell(NamedTuple):
    """A character, and whether its colors are reversed."""

    char: str
    reverse: bool


def _cell(eighths: int) -> Cell:
    """Return the best approximation for a set of filled eighths; bit 0 is the leftmost.

    Fonts only have blocks that grow from the left; one on the right is the reversed complement.
    """
    many = eighths.bit_count()
    if many in {0, 8}:
        return Cell(_LEFT[many], reverse=False)
    left, right = eighths & 0x0F, eighths >> 4
    at_right = bool(eighths & 0x80) and not eighths & 0x01
    if at_right or (not eighths & 0x81 and right.bit_count() > left.bit_count()):
        return Cell("▕", reverse=False) if many == 1 else Cell(_LEFT[8 - many], reverse=True)
    return Cell(_LEFT[many], reverse=False)


_CELLS = tuple(_cell(eighths) for eighths in range(256))


class Axis(NamedTuple):
    """A time span mapped to `width` cells."""

    start: float
    end: float
    width: int

    def place(self, moment: float) -> float:
        """Return the position of a moment in cells, from 0 to the width."""
        length = self.end - self.start
        if length <= 0:
            return 0.0 if moment <= self.start else float(self.width)
        return self.width * min(1.0, max(0.0, (moment - self.start) / length))

    def eighth(self, moment: float) -> int:
        """Return the position of a moment in eighths of a cell, clamped to the axis."""
        return round(8 * self.place(moment))

    def cell(self, moment: float) -> int:
        """Return the cell of a moment."""
        return min(max(0, self.width - 1), self.eighth(moment) // 8)


def bar(spans: Iterable[Span], axis: Axis) -> list[Cell]:
    """Return a bar with one cell per cell of the axis; it is at least an eighth wide."""
    bits = 0
    for start, end in spans:
        if axis.width <= 0 or end < axis.start or start > axis.end:
            continue
        first = min(axis.eighth(start), 8 * axis.width - 1)
        last = max(first + 1, axis.eighth(end))
        bits |= ((1 << (last - first)) - 1) << first
    return [_CELLS[bits >> 8 * index & 0xFF] for index in range(axis.width)]


@lru_cache(maxsize=4)
def ticks(axis: Axis, apart: int = 10) -> tuple[tuple[int, float], ...]:
    """Return cells and seconds of ticks that are at least `apart` cells apart."""
    length = axis.end - axis.start
    if length <= 0 or axis.width <= 0:
        return ((0, 0.0),) if axis.width > 0 else ()
    least = length * apart / axis.width
    step = next((nice for nice in _NICE if nice >= least), 0.0) or 86400.0 * (1 + least // 86400.0)
    return tuple(
        (axis.cell(axis.start + number * step), number * step)
        for number in range(int(length / step + 1e-6) + 1)
    )
