"""How a log is drawn: the pieces of a row, its gutter and scrollbar, and the line below the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.strip import Strip

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.run.log import LogLine
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.log.search import SearchCursor
from openhqm_tui.tui.log.text import (
    STAMP_WIDTH,
    Span,
    Stamps,
    cut_out,
    legible,
    painted,
    segments,
    stamp,
)
from openhqm_tui.tui.log.view import ALL, LogFilter, LogRow, LogView

_GUTTER = _BAR = 1


class LogInk(NamedTuple):
    """The styles of a log, and the theme's values for the sixteen ANSI colors."""

    base: Style
    step: Style
    note: Style
    error: Style
    cursor: Style
    marked: Style
    picked: Style
    match: Style
    here: Style
    foot: Style
    key: Style
    on: Style
    on_foot: Style
    news: Style
    bar: Style
    theme: TerminalTheme


class LogDrawing:
    """Draws rows of one view; caches drawn rows while they are visible and unchanged.

    Strips consist of many small objects: caching more than the visible ones would make garbage
    collections, and so the screen, stall for a tenth of a second every now and then.
    """

    def __init__(self) -> None:
        self.stamps = Stamps.NONE
        self.began: float | None = None
        self.left = 0
        # One line may be scrolled further, to show a match in it.
        self.aside: tuple[int, int] | None = None
        self._lines: dict[int, list[Segment]] = {}
        self._rows: dict[tuple[int, int], list[Segment]] = {}
        self.thumb = range(0)

    @property
    def before_text(self) -> int:
        """The number of columns before a row's text."""
        return _GUTTER + (STAMP_WIDTH if self.stamps is not Stamps.NONE else 0)

    def left_of(self, line: int) -> int:
        """Return how many cells of an unwrapped line are hidden on the left."""
        return self.aside[1] if self.aside is not None and self.aside[0] == line else self.left

    def room(self, width: int) -> int:
        """Return the width for a row's text in a pane."""
        return max(1, width - self.before_text - _BAR)

    def forget(self) -> None:
        """Discard drawn rows because their look has changed."""
        self._lines.clear()
        self._rows.clear()

    def reshape(self) -> None:
        """Discard rows because lines are now cut differently."""
        self._rows.clear()

    def aim(self, view: LogView, rows: Sequence[LogRow]) -> None:
        """Set the visible rows."""
        lines = {row.line for row in rows}
        places = {(row.line, row.start) for row in rows}
        self._lines = {line: known for line, known in self._lines.items() if line in lines}
        self._rows = {place: known for place, known in self._rows.items() if place in places}
        self.thumb = thumb_of(view, rows)

    def row(self, view: LogView, row: LogRow, spans: Sequence[Span], ink: LogInk) -> list[Segment]:
        """Draw one row: prefix and text."""
        here = not view.following and row.place == view.cursor
        marked = row.place in view.marked
        aside = self.aside is not None and self.aside[0] == row.line
        simple = not (spans or here or marked or aside)
        key = (row.line, row.start)
        known = self._rows.get(key) if simple else None
        if known is not None:
            return known
        line = view.lines[row.line]
        text = self._text(view, row, line, spans, ink)
        before = self._before(row, line, ink, "┃" if marked else "▌" if here else "")
        drawn = [*before, *text]
        if marked or here:
            drawn = _on_paper(drawn, ink.base, ink.marked if marked else ink.cursor)
        if simple:
            self._rows[key] = drawn
        return drawn

    def bar(self, y: int, ink: LogInk) -> Segment:
        """Draw the scrollbar's cell of row `y`."""
        return Segment("▐" if y in self.thumb else " ", ink.base + ink.bar)

    def foot(self, placed: Sequence[PlacedPart], width: int, ink: LogInk) -> Strip:
        """Draw the line below the rows."""
        styles = {"on": ink.on_foot, "key": ink.key, "news": ink.news}
        found: list[Segment] = []
        column = -_GUTTER
        for start, part in placed:
            found.append(Segment(" " * (start - column), ink.foot))
            found.append(Segment(part.words, styles.get(part.kind, ink.foot)))
            column = start + part.width
        return Strip(found).crop_extend(0, width, ink.foot)

    def _text(
        self, view: LogView, row: LogRow, line: LogLine, spans: Sequence[Span], ink: LogInk
    ) -> list[Segment]:
        pieces = self._lines.get(row.line)
        if pieces is None:
            style = ink.base + _style_of(line, ink)
            pieces = legible(segments(line.text, style), ink.theme)
            self._lines[row.line] = pieces
        if spans:
            pieces = painted(pieces, spans)
        if view.wrap:
            pieces = cut_out(pieces, row.start, row.end)
        room, left = view.width, 0 if view.wrap else self.left_of(row.line)
        long = sum(piece.cell_length for piece in pieces)
        if not left and long <= room:
            return [*pieces, Segment(" " * (room - long), ink.base)]
        cut = ink.base + ink.on
        before = [Segment("‹", cut)] if left and long else []
        after = [Segment("›", cut)] if long > left + room else []
        inside = Strip(pieces, long)
        inside = inside.crop_extend(left + len(before), left + room - len(after), ink.base)
        return [*before, *inside, *after]

    def _before(self, row: LogRow, line: LogLine, ink: LogInk, sign: str) -> list[Segment]:
        note = ink.base + ink.note
        if row.start and not sign:
            sign = "↪"
        gutter = Segment(sign or " ", note if sign == "↪" else ink.base + ink.on)
        if self.stamps is Stamps.NONE:
            return [gutter]
        time = stamp(line.at, self.stamps, self.began) if not row.start else ""
        return [gutter, Segment(f"{time:>{STAMP_WIDTH - 1}} ", note)]


def thumb_of(view: LogView, rows: Sequence[LogRow]) -> range:
    """Return the rows that a scrollbar's thumb covers; none if the whole log is visible."""
    total, height = len(view), view.height
    if not rows or (rows[0].place == 0 and rows[0].start == 0 and rows[-1].place == total - 1):
        return range(0)
    first, end = rows[0].place / total, (rows[-1].place + 1) / total
    size = max(1, round((end - first) * height))
    start = height - size if end == 1 else min(height - size, ceil(first * height))
    return range(start, start + size)


def _style_of(line: LogLine, ink: LogInk) -> Style:
    if line.stream:
        return Style.null()
    return {"▸": ink.step, "✗": ink.error}.get(line.text[:1], ink.note)


def _on_paper(drawn: Sequence[Segment], base: Style, paper: Style) -> list[Segment]:
    """Replace the log's own background."""
    return [
        Segment(text, style + paper if style and style.bgcolor == base.bgcolor else style)
        for text, style, _ in drawn
    ]


_GAP = 2


class StatusPart(NamedTuple):
    """A part of the line; a click runs `action`. Parts with a lower `rank` are dropped later."""

    words: str
    kind: str
    action: str = ""
    rank: int = 0

    @property
    def width(self) -> int:
        """The width in cells."""
        return cell_len(self.words)


class PlacedPart(NamedTuple):
    """A part and its first column."""

    column: int
    part: StatusPart


def foot_parts(
    view: LogView,
    search_cursor: SearchCursor | None,
    step_name: Callable[[int], str],
    stamps: Stamps,
) -> tuple[list[StatusPart], list[StatusPart]]:
    """Return the left and right parts; empty while the log is just followed."""
    if view.following and search_cursor is None and view.only == ALL and view.mark is None:
        return [], []
    left = [StatusPart(f"{view.cursor + 1}/{len(view)}", "", rank=60)] if not view.following else []
    if view.mark is not None:
        left.append(
            StatusPart(
                f"{count_text(len(view.marked), 'line')} selected · y copies", "on", "copy", 92
            )
        )
    if search_cursor is not None:
        if search_cursor.notice:
            left.append(StatusPart(search_cursor.notice, "on", rank=95))
        name = one_line(search_cursor.name, 24)
        left.append(StatusPart(f"{name} {search_cursor.counted}", "on", "next(1)", 90))
    if view.only != ALL:
        left.append(StatusPart(_filter_words(view.only, step_name), "on", "filter", 88))
    left += [
        StatusPart("/ search", "key", "search", 50),
        StatusPart("e error", "key", "error(1)", 49),
        StatusPart("x filter", "key", "filter", 48),
        StatusPart("w unwrap" if view.wrap else "w wrap", "key", "wrap", 47),
        StatusPart("t times" if stamps is Stamps.NONE else f"t {stamps}", "key", "times", 46),
    ]
    news = f"⤓ {view.news} new" if view.news else "⤓ end"
    return left, [] if view.following else [StatusPart(f" {news} ", "news", "follow", 99)]


def nothing_words(only: LogFilter) -> str:
    """Return a message for a filter without matching lines."""
    what = "no output on standard error" if only.stream >= 0 else "no output from this step"
    return f"{what} · x changes the filter"


def _filter_words(only: LogFilter, step_name: Callable[[int], str]) -> str:
    if only.stream >= 0:
        return "only standard error"
    return f"only {one_line(step_name(only.step), 28)}"


def lay_out(left: list[StatusPart], right: list[StatusPart], width: int) -> list[PlacedPart]:
    """Return the parts that fit and their columns; the least important are dropped."""
    left, right = list(left), list(right)
    while len(left) + len(right) > 1 and _width(left) + _width(right) > width:
        side = min((left, right), key=lambda parts: min((p.rank for p in parts), default=99))
        side.remove(min(side, key=lambda part: part.rank))
    found: list[PlacedPart] = []
    column = 0
    for part in left:
        found.append(PlacedPart(column, part))
        column += part.width + _GAP
    column = max(column, width - _width(right) + _GAP)
    for part in right:
        found.append(PlacedPart(column, part))
        column += part.width + _GAP
    return found


def part_at(placed: list[PlacedPart], column: int) -> StatusPart | None:
    """Return the part at a column."""
    for start, part in placed:
        if start <= column < start + part.width:
            return part
    return None


def _width(parts: list[StatusPart]) -> int:
    return sum(part.width + _GAP for part in parts)
