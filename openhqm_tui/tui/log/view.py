"""The visible part of a log: filter, wrapping, cursor.

Places count the lines that pass the filter; indexes count all lines of the log. Nothing here reads
more lines than fit on a screen, except a filter, which reads each line once and in slices: a log
of a million lines costs no more than one of a hundred.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.cache import LRUCache

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.text import shown_text

# A few milliseconds' worth.
_LINES_A_SLICE = 20_000
_KEPT_CUTS = 512
_LINE_END = 1 << 30


class LogFilter(NamedTuple):
    """The stream and step that a filter passes; -1: any."""

    stream: int = -1
    step: int = -1


ALL = LogFilter()


class LogRow(NamedTuple):
    """One visible row: characters `start` to `end` of line `line`."""

    place: int
    line: int
    start: int
    end: int


def cut_in_rows(text: str, width: int) -> Sequence[int]:
    """Return the start of each row of a line wrapped at `width` cells.

    A row ends after a space if there is one in its last third.
    """
    starts = [0]
    width = max(2, width)
    simple = text.isascii()
    while True:
        start = starts[-1]
        if simple:
            end = start + width
        else:
            end, room = start, width
            while end < len(text) and (room := room - cell_len(text[end])) >= 0:
                end += 1
        if end >= len(text):
            return starts
        space = text.rfind(" ", start + (end - start) * 2 // 3, end)
        starts.append(space + 1 if space >= 0 else end)


class LogView:
    """The position of one reader in one log."""

    def __init__(self, lines: LogLines) -> None:
        self.lines = lines
        self.width = 80
        self.height = 1
        self.following = True
        self.cursor = 0
        self.mark: int | None = None
        self.only = ALL
        self.wrap = False
        self._kept: array[int] | None = None
        self._looked = len(lines)
        self._sought: int | None = None
        self._want = (0, 0)
        self._seen = 0
        self._cuts: LRUCache[int, Sequence[int]] = LRUCache(_KEPT_CUTS)

    def __len__(self) -> int:
        # As of the last `grow`; nothing moves in between.
        return self._looked if self._kept is None else len(self._kept)

    @property
    def news(self) -> int:
        """The number of new lines that were never visible."""
        return 0 if self.following else max(0, len(self) - self.place_of(self._seen))

    @property
    def marked(self) -> range:
        """The places marked for copying."""
        if self.mark is None:
            return range(0)
        return range(min(self.mark, self.cursor), max(self.mark, self.cursor) + 1)

    @property
    def here(self) -> int | None:
        """The index of the current line: the cursor's, or the last one while following."""
        last = len(self) - 1
        return None if last < 0 else self.index_of(last if self.following else self.cursor)

    def index_of(self, place: int) -> int:
        """Return the index of the line at a place."""
        return place if self._kept is None else self._kept[place]

    def place_of(self, index: int) -> int:
        """Return the place of a line; if it is filtered out, of the next line."""
        return index if self._kept is None else bisect_left(self._kept, index)

    def lets_through(self, index: int) -> bool:
        """Return whether the filter shows a line."""
        stream, step = self.only
        return (stream < 0 or self.lines.stream(index) == stream) and (
            step < 0 or self.lines.step(index) == step
        )

    def text_at(self, index: int) -> str:
        """Return a line's displayed text."""
        return shown_text(self.lines.text(index))

    # External changes: the log grows, the size or the filter changes.

    def grow(self) -> bool:
        """Include new lines; return whether the filter has more to process."""
        if not self.following:
            self._want = self.top
        if self._kept is None:
            self._looked = len(self.lines)
            return False
        end = min(len(self.lines), self._looked + _LINES_A_SLICE)
        self._kept.extend(filter(self.lets_through, range(self._looked, end)))
        self._looked = end
        if self._sought is not None:
            sought = self._sought
            self._stand_at(sought)
            self._sought = sought if sought >= end else None
        return end < len(self.lines)

    def resize(self, width: int, height: int) -> None:
        """Resize, keeping the top line and a visible cursor."""
        rewrapped = width != self.width and self.wrap
        one_less = height == self.height - 1
        self.width, self.height = max(1, width), max(1, height)
        if rewrapped:
            self._cuts.clear()
            self._want = (self._want[0], 0)
        if self.following:
            return
        rows = self.rows()
        if one_less and rows and self.mark is None:
            # The status row appeared: the text must not move.
            self.cursor = min(self.cursor, rows[-1].place)
        self.reveal(self.cursor)

    def set_wrap(self, wrap: bool) -> None:
        """Set wrapping, keeping the top line."""
        self._want = (self.top[0], 0)
        self.wrap = wrap
        self._cuts.clear()
        if not self.following:
            self.reveal(self.cursor)

    def show_only(self, only: LogFilter) -> None:
        """Set the filter, keeping the current line."""
        here = self.here
        self.only, self.mark = only, None
        self._kept = None if only == ALL else array("L")
        self._looked = len(self.lines) if self._kept is None else 0
        self._want = (0, 0)
        if here is not None and not self.following:
            if self._kept is None:
                self._stand_at(here)
            else:
                self._sought = here
        self.grow()

    def bookmark(self) -> tuple[bool, int, tuple[int, int]]:
        """Return the position, for `go_back`."""
        return self.following, self.cursor, self.top

    def go_back(self, bookmark: tuple[bool, int, tuple[int, int]]) -> None:
        """Return to a position; lines and filter must be unchanged."""
        self.stay()
        self.following, self.cursor, self._want = bookmark

    # Movement.

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following, self.mark, self._sought = True, None, None

    def stay(self) -> None:
        """Stop following, keeping the visible rows."""
        if self.following:
            self._want = self.top
            self.cursor = max(0, len(self) - 1)
            self._seen = len(self.lines)
            self.following = False

    def scroll(self, rows: int) -> None:
        """Scroll by rows; at the end, follow."""
        if self.following and (rows > 0 or self._last_top() == (0, 0)):
            return
        self.stay()
        self._want = self._moved(self.top, rows)
        at_end = self._want >= self._last_top()
        if rows > 0 and at_end and self.mark is None:
            self.follow()
            return
        seen = [row.place for row in self.rows()]
        if seen and self.mark is None:
            self.cursor = min(max(self.cursor, seen[0]), seen[-1])
        self._note_seen()

    def scroll_to_share(self, share: float) -> None:
        """Scroll to a fraction of the log, from 0 (start) to 1 (end)."""
        self.stay()
        end = self._last_top()
        self._want = (round(max(0.0, min(1.0, share)) * end[0]), 0)
        self.scroll(1 if share >= 1 else 0)

    def move(self, lines: int, *, marking: bool = False) -> None:
        """Move the cursor; on the last line, follow again unless lines are being marked."""
        if marking and self.mark is None:
            self.stay()
            self.mark = self.cursor
        elif self.following and lines > 0:
            return
        self.stay()
        last = len(self) - 1
        self.cursor = max(0, min(last, self.cursor + lines))
        if lines > 0 and self.cursor == last and self.mark is None:
            self.follow()
            return
        self.reveal(self.cursor)

    def go(self, index: int) -> None:
        """Move the cursor to a line, with some context above."""
        self.stay()
        self.cursor = max(0, min(self.place_of(index), len(self) - 1))
        if not any(row.place == self.cursor for row in self.rows()[:-1]):
            self._want = self._moved((self.cursor, 0), -(self.height // 3))
        self._note_seen()

    def go_to_start(self) -> None:
        """Move the cursor to the first line."""
        self.stay()
        self.cursor = 0
        self._want = (0, 0)

    def reveal(self, place: int) -> None:
        """Scroll as little as possible to make a line fully visible."""
        if place < self.top[0] or (place == self.top[0] and self.top[1]):
            self._want = (place, 0)
        rows = self.rows()
        rest = self.rows_of(place)
        seen = sum(row.place == place for row in rows)
        if seen < min(rest, self.height):
            self._want = self._moved((place, rest), -self.height)
        self._note_seen()

    # What is visible.

    @property
    def top(self) -> tuple[int, int]:
        """The top place, and how many of its rows are above the screen."""
        end = self._last_top()
        return end if self.following else min(self._want, end)

    def rows(self) -> list[LogRow]:
        """Return the visible rows."""
        found: list[LogRow] = []
        place, skip = self.top
        while place < len(self) and len(found) < self.height:
            index = self.index_of(place)
            cuts = (*self._starts(index), _LINE_END) if self.wrap else (0, _LINE_END)
            for number in range(skip, len(cuts) - 1):
                found.append(LogRow(place, index, cuts[number], cuts[number + 1]))
            place, skip = place + 1, 0
        return found[: self.height]

    def rows_of(self, place: int) -> int:
        """Return the number of rows of a line."""
        return len(self._starts(self.index_of(place))) if self.wrap and place < len(self) else 1

    def _starts(self, index: int) -> Sequence[int]:
        starts = self._cuts.get(index)
        if starts is None:
            starts = cut_in_rows(self.text_at(index), self.width)
            self._cuts[index] = starts
        return starts

    def _last_top(self) -> tuple[int, int]:
        """Return the top position when the end is visible."""
        if not self.wrap:
            return max(0, len(self) - self.height), 0
        return self._moved((len(self), 0), -self.height)

    def _moved(self, top: tuple[int, int], rows: int) -> tuple[int, int]:
        """Return the top position moved by some rows, clamped to the start."""
        place, skip = top
        skip += rows
        while skip < 0 and place > 0:
            place -= 1
            skip += self.rows_of(place)
        while place < len(self) and skip >= (here := self.rows_of(place)):
            place, skip = place + 1, skip - here
        return place, max(0, skip)

    def _stand_at(self, index: int) -> None:
        self.cursor = max(0, min(self.place_of(index), len(self) - 1))
        self._want = self._moved((self.cursor, 0), -(self.height // 3))

    def _note_seen(self) -> None:
        rows = self.rows()
        if rows:
            self._seen = max(self._seen, rows[-1].line + 1)
