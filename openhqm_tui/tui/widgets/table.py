"""A table with a cursor on rows or cells; headers and first column stay visible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import highlighted

_MUTED, _BRIGHT = "$foreground-muted", "$primary bold"


class Span(NamedTuple):
    """A title over the columns from `first` to `last`."""

    title: str
    first: int
    last: int

    def __contains__(self, column: object) -> bool:
        return isinstance(column, int) and self.first <= column <= self.last


class _Piece(NamedTuple):
    at: int
    text: str
    style: str


class ColumnHeaders(NamedTuple):
    """Titles and spans; visible columns start at `places`, `marked` is at the cursor.

    A span whose columns have no titles is in the line of titles, and is replaced by the marked
    column's `name`, pointing at it; other spans are in a line above.
    """

    titles: Sequence[str]
    spans: Sequence[Span]
    widths: Sequence[int]
    places: Mapping[int, int]
    marked: int = -1
    name: str = ""

    @property
    def lines(self) -> int:
        """The number of lines."""
        return 2 if any(self._is_titled(span) for span in self.spans) else 1

    def draw(self, width: int) -> list[Content]:
        """Return the lines, each as wide as the table."""
        pointer = self._pointer()
        titles = [
            _Piece(at, self.titles[column], _BRIGHT if column == self.marked else _MUTED)
            for column, at in self.places.items()
        ]
        above: list[_Piece] = []
        for span in self.spans:
            seen = [column for column in self.places if column in span]
            if not seen:
                continue
            start = self.places[seen[0]]
            room = self.places[seen[-1]] + self.widths[seen[-1]] - start
            if self._is_titled(span):
                above.append(_Piece(start, f"{span.title} ".ljust(room, "─")[:room], _MUTED))
            elif pointer is None:
                titles.append(_Piece(start, span.title[:room], _MUTED))
        if pointer is not None:
            titles.append(pointer)
        return [_drawn(pieces, width) for pieces in (above, titles)][2 - self.lines :]

    def _is_titled(self, span: Span) -> bool:
        return any(self.titles[span.first : span.last + 1])

    def _pointer(self) -> _Piece | None:
        at = self.places.get(self.marked)
        if at is None or not any(self.marked in span for span in self.spans):
            return None
        if self.titles[self.marked]:
            return None
        end = max(self.places[column] for column in self.places for s in self.spans if column in s)
        if at + len(self.name) + 1 <= end:
            return _Piece(at, f"▾ {self.name}", _BRIGHT)
        return _Piece(max(1, at - len(self.name) - 1), f"{self.name} ▾", _BRIGHT)


def _drawn(pieces: Iterable[_Piece], width: int) -> Content:
    line = Content("")
    for piece in sorted(piece for piece in pieces if piece.text and piece.at < width):
        line = line.pad_right(max(0, piece.at - line.cell_length))
        text = Content.styled(piece.text, piece.style)
        line += text.truncate(width - piece.at, ellipsis=True)
    return line.pad_right(max(0, width - line.cell_length))


_GAP = 2
_USUAL = 40


class CellTable(Widget, can_focus=True):
    """Rows of cells; `by_cell` says whether the cursor marks a cell or a whole row."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("table")
    DEFAULT_CSS = """
    CellTable { height: 1fr; width: 1fr; text-wrap: nowrap; }
    """

    class Marked(Message):
        """The cursor has moved."""

        def __init__(self, table: CellTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> CellTable:
            """The table that sent the message."""
            return self.table

    class Opened(Marked):
        """A request to open the selection."""

    def __init__(self, *, by_cell: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.by_cell = by_cell
        self.row = 0
        self.column = 0
        self._heading: tuple[str, ...] = ()
        self._rows: Sequence[Sequence[Content]] = []
        self._widths: list[int] = []
        self._gaps: list[int] = []
        self._spans: tuple[Span, ...] = ()
        # The rows whose widths are known; None: the widths were given.
        self._measured: set[int] | None = None
        self._top = 0
        self._left = 1

    @property
    def head_lines(self) -> int:
        """The number of header lines."""
        return self._heads().lines

    def show(
        self,
        heading: Sequence[str],
        rows: Sequence[Sequence[Content]],
        widths: Sequence[int] | None = None,
        *,
        gaps: Sequence[int] = (),
        spans: Sequence[Span] = (),
    ) -> None:
        """Show rows, keeping the cursor if possible.

        Only visible rows are accessed: without `widths` of the columns, these are measured, and
        columns grow when wider rows come into sight. `gaps` are the numbers of
        blanks after each column, two by default. A span whose columns have no titles is in the
        line of titles, others are in a line above.
        """
        self._heading, self._rows = tuple(heading), rows
        self._gaps = [*gaps, *[_GAP] * (len(heading) - len(gaps))]
        self._spans = tuple(spans)
        told = widths or [0] * len(heading)
        self._widths = [max(len(title), width) for title, width in zip(heading, told, strict=True)]
        self._measured = None if widths else set()
        self.go(self.row, self.column)

    @property
    def window(self) -> range:
        """The indexes of rows that there is room for, whether they exist or not."""
        # Before its first layout, a table has no size: then as many as a usual terminal has.
        room = self.size.height - self.head_lines if self.size.height else _USUAL
        return range(self._top, self._top + max(1, room))

    def _measure(self) -> None:
        """Widen the columns for rows that have come into sight."""
        if self._measured is None:
            return
        for index in self.window[: max(0, len(self._rows) - self._top)]:
            if index not in self._measured:
                self._measured.add(index)
                cells = self._rows[index]
                self._widths = [
                    max(width, cell.cell_length)
                    for width, cell in zip(self._widths, cells, strict=True)
                ]

    def go(self, row: int, column: int) -> None:
        """Move the cursor, clamped to the valid range."""
        before = (self.row, self.column)
        self.row = max(0, min(len(self._rows) - 1, row))
        self.column = max(0, min(len(self._heading) - 1, column)) if self.by_cell else 0
        self._reveal()
        self.refresh()
        if before != (self.row, self.column):
            self.post_message(self.Marked(self))

    def render(self) -> Content:
        """Draw the headers and visible rows."""
        room = max(0, self.size.height - self.head_lines)
        shown = range(self._top, min(len(self._rows), self._top + room))
        rows = [self._line(index, self._rows[index]) for index in shown]
        return Content("\n").join([*self._drawn_heads(), *rows])

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._reveal()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Select what is clicked; open it on a double click."""
        row = self.row_at(event.y)
        if not 0 <= row < len(self._rows):
            return
        self.go(row, self._column_at(event.x))
        if event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.go(self.row + 1, self.column)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.go(self.row - 1, self.column)

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self.go(self.row + rows, self.column + columns)

    def action_leap(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.go(self.row + pages * max(1, self.size.height - self.head_lines - 1), self.column)

    def action_open(self) -> None:
        """Request to open the selection."""
        if self._rows:
            self.post_message(self.Opened(self))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the height of headers and rows, for tables with automatic height."""
        return len(self._rows) + self.head_lines

    def row_at(self, y: int) -> int:
        """Return the row in a line; -1 for the headers."""
        return y - self.head_lines + self._top if y >= self.head_lines else -1

    def _columns(self) -> list[int]:
        """Return the visible columns: the first, then as many as fit."""
        if not self._widths:
            return []
        shown, used = [0], 1 + self._widths[0] + self._gaps[0]
        for index in range(max(1, self._left), len(self._widths)):
            # The last one may be truncated, to show at least its beginning.
            if used + min(self._widths[index], 6) > self.size.width:
                break
            shown.append(index)
            used += self._widths[index] + self._gaps[index]
        return shown

    def _column_at(self, x: int) -> int:
        at = 1
        for index in self._columns():
            at += self._widths[index] + self._gaps[index]
            if x < at - (self._gaps[index] > 1):
                return index
        return len(self._widths) - 1

    def _reveal(self) -> None:
        room = max(1, self.size.height - self.head_lines)
        # Don't scroll past the end: a table that fits shows its first rows.
        highest = max(0, len(self._rows) - room)
        self._top = max(min(self._top, self.row, highest), self.row - room + 1, 0)
        self._measure()
        if not self.by_cell or self.column == 0:
            self._left = 1
            return
        self._left = min(self._left, self.column)
        while self._left < self.column:
            columns = self._columns()
            used = 1 + sum(self._widths[index] + self._gaps[index] for index in columns)
            if self.column in columns and (
                self.column != columns[-1] or used - self._gaps[self.column] <= self.size.width
            ):
                break
            self._left += 1
        # Don't scroll past the last column either.
        while self._left > 1 and self._fits_from(self._left - 1):
            self._left -= 1

    def _fits_from(self, left: int) -> bool:
        shown = [0, *range(left, len(self._widths))]
        used = sum(self._widths[index] + self._gaps[index] for index in shown)
        return bool(1 + used - self._gaps[shown[-1]] <= self.size.width)

    def _line(self, row: int, cells: Sequence[Content]) -> Content:
        marked = row == self.row
        parts: list[Content | str | tuple[str, str]] = [
            ("▌", "$primary") if marked and not self.by_cell else " "
        ]
        columns = self._columns()
        for index in columns:
            width = self._widths[index]
            cell = cells[index].pad_right(max(0, width - cells[index].cell_length))
            if marked and self.by_cell and index == self.column:
                before = parts.pop()
                gap = before if isinstance(before, Content) else Content(" ")
                # Columns without a gap leave no space for an edge.
                if gap:
                    parts += [gap[:-1], ("▌", "$primary")]
                parts.append(highlighted(cell, focused=self.has_focus))
            else:
                parts.append(cell)
            parts.append(Content(" " * self._gaps[index]))
        # Truncate only text: an ellipsis after padding would suggest more content.
        line = Content.assemble(*parts).rstrip()
        more = columns and columns[-1] < len(self._widths) - 1
        line = line.truncate(self.size.width - (2 if more else 0), ellipsis=True)
        line = line.pad_right(max(0, self.size.width - line.cell_length))
        return highlighted(line, focused=self.has_focus) if marked and not self.by_cell else line

    def name_of(self, column: int) -> str:
        """Return a column's full name, for use without a title."""
        return self._heading[column]

    def _heads(self) -> ColumnHeaders:
        at, places = 1, {}
        for index in self._columns():
            places[index] = at
            at += self._widths[index] + self._gaps[index]
        marked = self.column if self.by_cell and self._heading else -1
        name = self.name_of(marked) if marked >= 0 else ""
        return ColumnHeaders(self._heading, self._spans, self._widths, places, marked, name)

    def _drawn_heads(self) -> list[Content]:
        heads = self._heads()
        drawn, width = heads.draw(self.size.width), self.size.width
        if heads.places and max(heads.places) < len(self._widths) - 1:
            drawn[-1] = drawn[-1][: width - 2] + Content.styled("→ ", "$primary")
        return drawn
