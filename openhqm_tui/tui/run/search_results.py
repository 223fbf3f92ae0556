"""The lines found in all logs, grouped by log; draws only visible rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.log.search import Clock, LineFinder, LineMatcher
from openhqm_tui.tui.log.text import painted, shown_text

# A slice is divided between logs, so that the first hits of each appear soon.
_SHARE_SECONDS = 0.002


class Source(NamedTuple):
    """A searched log: of a lane, or, without a platform, a target's own."""

    target: str
    platform: str
    log: LogLines
    step_name: Callable[[int], str]

    @property
    def title(self) -> str:
        """The log's display name."""
        return f"{self.target} {self.platform or 'build setup log'}"


class ResultRow(NamedTuple):
    """A row of the list: the number of a hit in a source; -1 is the source's heading."""

    source: int
    hit: int


class LanesSearch:
    """Searches all sources in slices and lists the hits by source."""

    def __init__(self, sources: list[Source], clock: Clock) -> None:
        self.sources = sources
        self.pattern: re.Pattern[str] | None = None
        self._clock = clock
        self._finders: list[LineFinder] = []
        self._matchers: list[LineMatcher] = []

    @property
    def done(self) -> bool:
        """Return whether everything has been searched."""
        return all(
            finder.done(len(source.log))
            for finder, source in zip(self._finders, self.sources, strict=False)
        )

    @property
    def counts(self) -> list[int]:
        """The number of hits in each source."""
        return [len(finder) for finder in self._finders]

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Search for another expression; None: nothing."""
        self.pattern = pattern
        self._finders, self._matchers = [], []
        if pattern is not None:
            for source in self.sources:
                matcher = LineMatcher(source.log, pattern, self._clock)
                self._matchers.append(matcher)
                self._finders.append(LineFinder(matcher))

    def renew(self, sources: list[Source]) -> bool:
        """Update the logs; return whether one restarted, which is searched again."""
        before, self.sources = self.sources, sources
        if [source.title for source in before] != [source.title for source in sources]:
            self.search(self.pattern)
            return True
        anew = [number for number, old in enumerate(before) if old.log is not sources[number].log]
        if self.pattern is not None:
            for number in anew:
                matcher = LineMatcher(sources[number].log, self.pattern, self._clock)
                self._matchers[number] = matcher
                self._finders[number] = LineFinder(matcher)
        return bool(anew)

    def advance(self, seconds: float) -> bool:
        """Search for a time; return whether more is left."""
        end = self._clock() + seconds
        while not self.done and self._clock() < end:
            for finder, source in zip(self._finders, self.sources, strict=False):
                if not finder.done(len(source.log)):
                    finder.search(len(source.log), self._clock() + _SHARE_SECONDS, self._clock)
                if self._clock() >= end:
                    break
        return not self.done

    # The list.

    def __len__(self) -> int:
        return sum(1 + found for found in self.counts if found)

    def place(self, row: int) -> ResultRow:
        """Return the item on an existing row."""
        for number, found in enumerate(self.counts):
            if found and row <= found:
                return ResultRow(number, row - 1)
            row -= 1 + found if found else 0
        raise IndexError(row)

    def row(self, place: ResultRow) -> int:
        """Return the row of an item."""
        counts = self.counts
        before = sum(1 + found for found in counts[: place.source] if found)
        return before + 1 + min(place.hit, counts[place.source] - 1)

    def headings(self) -> Iterator[int]:
        """Yield the rows that are headings."""
        row = 0
        for found in self.counts:
            if found:
                yield row
                row += 1 + found

    def line(self, place: ResultRow) -> int:
        """Return the line of a hit; for a heading, of its first hit.

        A restarted log may have fewer hits than before.
        """
        last = self.counts[place.source] - 1
        return self._finders[place.source].hit(max(0, min(place.hit, last)))

    def spans(self, source: int, line: int) -> list[tuple[int, int]]:
        """Return the matches in a line of a source."""
        return self._matchers[source].spans(line)


_WHEEL_ROWS = 3
# Characters of a line to show before its match.
_LEAD = 12


class HitList(Widget):
    """A list of up to millions of rows; the selection is kept while it grows."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("hits--lane", "hits--note", "hits--match", "hits--cursor", "hits--bar"),
    }
    DEFAULT_CSS = """
    HitList {
        height: 1fr;
        & > .hits--lane { text-style: bold; color: $primary; }
        & > .hits--note { color: $foreground-muted; }
        & > .hits--match { text-style: underline bold; color: $accent; }
        & > .hits--cursor { background: $block-cursor-background; }
        & > .hits--bar { color: $scrollbar; }
    }
    """

    class Opened(Message):
        """A row was clicked."""

    def __init__(self, search: LanesSearch) -> None:
        super().__init__()
        self.search = search
        self._top: ResultRow | None = None
        self._chosen: ResultRow | None = None

    @property
    def chosen(self) -> ResultRow | None:
        """The selected item: the first hit, until the cursor is moved."""
        if not len(self.search):
            return None
        if self._chosen is None or not self._holds(self._chosen):
            return self.search.place(1)
        return self._chosen

    def restart(self) -> None:
        """Show another search, at its first hit."""
        self._top = self._chosen = None
        self.refresh()

    def move(self, rows: int) -> None:
        """Move by rows."""
        if (chosen := self.chosen) is not None:
            self._choose(self.search.row(chosen) + rows)

    def move_lanes(self, direction: int) -> None:
        """Go to the first hit of the next or previous log."""
        chosen = self.chosen
        if chosen is None:
            return
        here = self.search.row(ResultRow(chosen.source, -1))
        heads = list(self.search.headings())
        at = heads.index(here) + direction
        self._choose(heads[at % len(heads)] + 1)

    def render_line(self, y: int) -> Strip:
        """Return the visible row `y`."""
        base, width = self.rich_style, self.size.width
        row = self._top_row() + y
        if row >= len(self.search):
            return Strip.blank(width, base)
        place = self.search.place(row)
        on_it = place == self.chosen
        line = base + self._style("cursor") if on_it else base
        strip = self._heading(place, line) if place.hit < 0 else self._hit(place, line, width - 2)
        sign = Segment("▌" if on_it else " ", line + self._style("lane"))
        return Strip([sign, *strip.crop_extend(0, width - 2, line), self._bar(y, base)])

    def _heading(self, place: ResultRow, base: Style) -> Strip:
        source = self.search.sources[place.source]
        found = count_text(self.search.counts[place.source], "line")
        return Strip(
            [
                Segment(one_line(source.title, 60), base + self._style("lane")),
                Segment(f"  {found}", base + self._style("note")),
            ]
        )

    def _hit(self, place: ResultRow, base: Style, width: int) -> Strip:
        source = self.search.sources[place.source]
        line = self.search.line(place)
        room = 14 if width < 100 else 30
        step = one_line(source.step_name(source.log.step(line)), room)
        note = base + self._style("note")
        before = [
            Segment(f" {line + 1:>6}  ", note),
            Segment(step + " " * (room - cell_len(step)) + "  ", note),
        ]
        text = shown_text(source.log.text(line))
        spans = self.search.spans(place.source, line)
        left = width - sum(cell_len(segment.text) for segment in before)
        # Show the match, however far to the right it is.
        first = spans[0] if spans else (0, 0)
        cut = max(0, first[0] - _LEAD) if cell_len(text[: first[1]]) > left else 0
        match = self._style("match")
        body = painted([Segment(text, base)], [(start, end, match) for start, end in spans])
        strip = Strip(body)
        if cut:
            strip = strip.crop(cell_len(text[:cut]), strip.cell_length)
            before.append(Segment("‹", base + self._style("lane")))
            left -= 1
        if strip.cell_length > left:
            strip = Strip(
                [*strip.crop_extend(0, left - 1, base), Segment("›", base + self._style("lane"))]
            )
        return Strip([*before, *strip])

    def _bar(self, y: int, base: Style) -> Segment:
        total, height = len(self.search), self.size.height
        if total <= height:
            return Segment(" ", base)
        size = max(1, height * height // total)
        start = round(self._top_row() / (total - height) * (height - size))
        sign = "▐" if start <= y < start + size else " "
        return Segment(sign, base + self._style("bar"))

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"hits--{name}", partial=True)

    def _top_row(self) -> int:
        last = max(0, len(self.search) - self.size.height)
        if self._top is None or not self._holds(self._top):
            return 0
        return min(last, self.search.row(self._top))

    def _holds(self, place: ResultRow) -> bool:
        """Return whether an item still exists."""
        counts = self.search.counts
        return place.source < len(counts) and counts[place.source] > 0

    def _choose(self, row: int) -> None:
        row = max(0, min(len(self.search) - 1, row))
        self._chosen = self.search.place(row)
        top = self._top_row()
        # Show a log's first hit together with its heading.
        above = row - 1 if self._chosen.hit == 0 else row
        top = min(top, max(0, above))
        top = max(top, row - self.size.height + 1)
        self._top = self.search.place(top)
        self.refresh()

    def _scroll(self, rows: int) -> None:
        if len(self.search):
            last = max(0, len(self.search) - self.size.height)
            self._top = self.search.place(max(0, min(last, self._top_row() + rows)))
            self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Scroll by a click on the scrollbar."""
        if event.x >= self.size.width - 1 and len(self.search) > self.size.height:
            last = len(self.search) - self.size.height
            share = event.y / max(1, self.size.height - 1)
            self._top = self.search.place(round(last * share))
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Open the clicked row."""
        row = self._top_row() + event.y
        if event.x < self.size.width - 1 and row < len(self.search):
            self._choose(row)
            self.post_message(self.Opened())
