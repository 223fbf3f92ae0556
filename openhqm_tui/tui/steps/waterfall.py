"""Rows of bars on one time axis; draws only visible rows."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as Ink
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from openhqm_tui.domain.formatting import axis_text, elapsed_text
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.steps.chart import Axis, Chart, ChartRow, bar, ticks

# Critical path mark, status, and the gaps after each column.
_MARKS = 4
_TIME = 7
_LEAST_BAR = 24
_LEAST_NAME = 12


class Columns(NamedTuple):
    """The widths of a row's parts."""

    name: int
    note: int
    bar: int


def columns(width: int, widest: int) -> Columns:
    """Distribute a width: a readable bar, then names up to `widest` cells, then notes."""
    room = width - _MARKS - _TIME - 2
    note = 24 if width >= 120 else 16 if width >= 100 else 9 if width >= 72 else 0
    room -= note + 1 if note else 0
    name = min(widest, max(_LEAST_NAME, min(room - _LEAST_BAR, int(room * 0.45))))
    return Columns(min(name, max(0, room)), note, max(0, room - name))


class Waterfall(ScrollView, can_focus=True):
    """A chart with a cursor that stays on its row, identified by its key."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("steps")
    DEFAULT_CSS = """
    Waterfall {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
    }
    """

    class Marked(Message):
        """The cursor moved to another row."""

    class Opened(Message):
        """A request to open the selected row."""

    class Whole(Message):
        """A request to switch between the run and one target."""

    class Cached(Message):
        """A request to show or hide cached steps."""

    class Read(Message):
        """A request to scroll the row's details by some lines."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    class Left(Message):
        """A request to close the chart; `wholly`: from any level."""

        def __init__(self, *, wholly: bool = False) -> None:
            super().__init__()
            self.wholly = wholly

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.row = 0
        self.chart: Chart | None = None
        self._key: str | None = None
        self._inks: dict[tuple[str, bool], Ink] = {}

    def show(self, chart: Chart, key: str | None = None) -> None:
        """Update the chart; the cursor goes to `key`, or stays on its row."""
        self.chart = chart
        keys = chart.keys
        wanted = key if key is not None else self._key
        if self._key is None and key is None:
            self.row = chart.first()
        elif wanted in keys:
            self.row = keys.index(wanted)
        self.row = max(0, min(len(keys) - 1, self.row))
        moved = self._key is None or key is not None
        self._key = keys[self.row] if keys else None
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        if moved:
            self._reveal()
        self.refresh()

    def forget(self) -> None:
        """Start at the top of the next chart."""
        self._key = None
        self.scroll_to(y=0, animate=False, force=True)

    def go(self, row: int) -> None:
        """Move the cursor, clamped to the valid range."""
        if self.chart is None or not self.chart.keys:
            return
        self.row = max(0, min(len(self.chart.keys) - 1, row))
        self._key = self.chart.keys[self.row]
        self._reveal()
        self.refresh()
        self.post_message(self.Marked())

    def render_line(self, y: int) -> Strip:
        """Return the axis, or the visible row `y`."""
        width = self.size.width
        chart = self.chart
        index = self.scroll_offset.y + y - 1
        if chart is None or (y and index >= len(chart.keys)):
            return Strip.blank(width, self.rich_style)
        lit = y > 0 and index == self.row
        parts = columns(width, chart.widest)
        axis = Axis(*chart.span, parts.bar)
        if y == 0:
            segments = self._axis(axis, parts)
        else:
            segments = self._row(chart.row(index), parts, axis, lit)
        return Strip(segments).adjust_cell_length(width, self._ink("", lit))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Hide commands that don't apply to the lanes of a run."""
        if action in {"critical", "cached"}:
            return self.chart is None or self.chart.what == "step"
        return True

    def notify_style_update(self) -> None:
        """Discard cached colors."""
        self._inks.clear()
        super().notify_style_update()

    def on_focus(self) -> None:
        """Redraw the cursor as focused."""
        self._inks.clear()

    def on_blur(self) -> None:
        """Redraw the cursor as unfocused."""
        self._inks.clear()

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """Select a clicked row; a double click opens it."""
        row = self.scroll_offset.y + event.y - 1
        if self.chart is None or event.y < 1 or row >= len(self.chart.keys):
            return
        self.go(row)
        if event.chain == 2:
            self.action_open()

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.go(self.row + rows)

    def action_leap(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.go(self.row + pages * max(1, self.size.height - 2))

    def action_ends(self, end: int) -> None:
        """Move the cursor to the first row, or to the last."""
        self.go(len(self.chart.keys) if end and self.chart is not None else 0)

    def action_critical(self) -> None:
        """Move the cursor to the next step of the critical path, wrapping around."""
        chart = self.chart
        if chart is not None:
            many = len(chart.keys)
            order = ((self.row + step) % many for step in range(1, many + 1))
            self.go(next((index for index in order if chart.row(index).critical), self.row))

    def action_open(self) -> None:
        """Open the row."""
        if self._key is not None:
            self.post_message(self.Opened())

    def action_whole(self) -> None:
        """Request to switch between the whole run and the target."""
        self.post_message(self.Whole())

    def action_cached(self) -> None:
        """Request to hide or show cached steps."""
        self.post_message(self.Cached())

    def action_read(self, lines: int) -> None:
        """Scroll the row's text."""
        self.post_message(self.Read(lines))

    def action_leave(self) -> None:
        """Close the chart."""
        self.post_message(self.Left())

    def _reveal(self) -> None:
        room = max(1, self.size.height - 1)
        top = max(min(self.scroll_offset.y, self.row), self.row - room + 1)
        self.scroll_to(y=top, animate=False, force=True)

    def _ink(self, style: str, lit: bool) -> Ink:
        """Return a theme style with the row's background."""
        ink = self._inks.get((style, lit))
        if ink is None:
            base = self.visual_style
            if lit:
                kind = "" if self.has_focus else "-blurred"
                base += Style.parse(
                    f"$block-cursor{kind}-foreground on $block-cursor{kind}-background"
                    f" $lit{kind}-style"
                )
            ink = (base + Style.parse(style) if style else base).rich_style
            self._inks[style, lit] = ink
        return ink

    def _axis(self, axis: Axis, parts: Columns) -> list[Segment]:
        """Return the line above the rows: column titles and ticks."""
        muted = self._ink("$foreground-muted", lit=False)
        what = self.chart.what if self.chart is not None else ""
        before = set_cell_size(f"    {what}", _MARKS + parts.name + 1) + "   time "
        before += set_cell_size("", parts.note + 1) if parts.note else ""
        line = [" "] * axis.width
        for cell, seconds in ticks(axis):
            words = f"│{axis_text(seconds)}"
            if cell + len(words) <= axis.width:
                line[cell : cell + len(words)] = words
        return [Segment(before, muted), Segment("".join(line), muted)]

    def _row(self, row: ChartRow, parts: Columns, axis: Axis, lit: bool) -> list[Segment]:
        plain = self._ink("", lit)
        muted = self._ink("$foreground-muted", lit)
        bold = self._ink("bold", lit)
        segments = [
            Segment("»" if row.critical else " ", self._ink("$critical bold", lit)),
            Segment("" if row.heading else " ", plain),
            Segment(f"{row.mark.symbol} ", self._ink(row.mark.style, lit)),
            Segment(" " if row.heading else "", plain),
            *self._naming(row, parts.name, plain, bold, muted),
        ]
        took = "" if row.seconds is None else elapsed_text(row.seconds, running=row.open)
        segments.append(Segment(f" {took:>{_TIME}} ", bold if row.heading else plain))
        if parts.note:
            note = _notes(row.notes, parts.note)
            segments.append(Segment(f"{set_cell_size(note, parts.note)} ", muted))
        return segments + self._bar(row, axis, lit)

    def _naming(
        self, row: ChartRow, width: int, plain: Ink, bold: Ink, muted: Ink
    ) -> list[Segment]:
        if row.heading:
            name = f"{row.place} · {row.title}" if row.title else row.place
            if cell_len(name) > width:
                name = name.removeprefix("linux/")
            return [Segment(_fit(name, width), bold)]
        place = _fit(row.place, min(width, cell_len(row.place))) if row.place else ""
        gap = " " if 0 < cell_len(place) < width else ""
        rest = width - cell_len(place) - len(gap)
        return [
            Segment(place + gap, muted if row.again else plain),
            Segment(_fit(row.title, rest), muted if place else plain),
        ]

    def _bar(self, row: ChartRow, axis: Axis, lit: bool) -> list[Segment]:
        """Return the cells of a bar, with the waiting time before it and grid lines."""
        faint = self._ink("" if lit else "$foreground-muted 60%", lit)
        ink = self._ink(row.ink, lit)
        under = [" "] * axis.width
        for cell, _ in ticks(axis):
            under[cell] = "·"
        if row.could is not None and row.spans:
            free, begun = axis.cell(row.could), axis.cell(row.spans[0][0])
            under[free:begun] = "─" * (begun - free)
        line = [Segment(char, faint) for char in under]
        if row.heading:
            for start, end in row.spans:
                first, last = axis.cell(start), axis.cell(end)
                line[first : last + 1] = [Segment("━", ink)] * (last + 1 - first)
        elif row.point:
            for start, _ in row.spans[-1:]:
                line[axis.cell(start)] = Segment("c", self._ink("" if lit else row.ink, lit))
        else:
            for index, (char, reverse) in enumerate(bar(row.spans, axis)):
                if char != " ":
                    line[index] = Segment(char, ink + _REVERSE if reverse else ink)
            for start, end in row.checks:
                first, last = axis.cell(start), axis.cell(end)
                line[first : last + 1] = [Segment("▒", ink)] * (last + 1 - first)
            if row.open and line:
                line[axis.cell(axis.end)] = Segment("▸", ink)
        return line


_REVERSE = Ink(reverse=True)


def _fit(text: str, width: int) -> str:
    """Return text padded or truncated to a number of cells."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return f"{set_cell_size(text, width - 1)}…" if width > 0 else ""


def _notes(notes: tuple[str, ...], width: int) -> str:
    """Return as many notes as fit."""
    line = ""
    for note in notes:
        longer = f"{line} · {note}" if line else note
        if cell_len(longer) <= width:
            line = longer
    return line or (_fit(notes[0], width) if notes else "")
