"""The lines found in all logs, under their image's names; draws only what is visible."""

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

# A slice is shared out, so that the first hits of every log are seen soon.
_SHARE_SECONDS = 0.002


class Source(NamedTuple):
    """A log that is searched: the lane it is of, or, without a platform, the target itself."""

    target: str
    platform: str
    log: LogLines
    step_name: Callable[[int], str]

    @property
    def title(self) -> str:
        """The log's name for people."""
        return f"{self.target} {self.platform or 'build setup log'}"


class ResultRow(NamedTuple):
    """A row of the list: a hit of a source by its number; -1 is the source's heading."""

    source: int
    hit: int


class LanesSearch:
    """Searches all sources in slices and lists the hits, source after source."""

    def __init__(self, sources: list[Source], clock: Clock) -> None:
        self.sources = sources
        self.pattern: re.Pattern[str] | None = None
        self._clock = clock
        self._finders: list[LineFinder] = []
        self._matchers: list[LineMatcher] = []

    @property
    def done(self) -> bool:
        """Return whether all that is there has been searched."""
        return all(
            finder.done(len(source.log))
            for finder, source in zip(self._finders, self.sources, strict=False)
        )

    @property
    def counts(self) -> list[int]:
        """How many lines were found in each source."""
        return [len(finder) for finder in self._finders]

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Look for another expression; None: for nothing."""
        self.pattern = pattern
        self._finders, self._matchers = [], []
        if pattern is not None:
            for source in self.sources:
                matcher = LineMatcher(source.log, pattern, self._clock)
                self._matchers.append(matcher)
                self._finders.append(LineFinder(matcher))

    def renew(self, sources: list[Source]) -> bool:
        """Take the logs as they are now; says whether one began again, which is searched again."""
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
        """Search for that long; says whether there is more to search."""
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
        """Return what stands on a row; the list must have it."""
        for number, found in enumerate(self.counts):
            if found and row <= found:
                return ResultRow(number, row - 1)
            row -= 1 + found if found else 0
        raise IndexError(row)

    def row(self, place: ResultRow) -> int:
        """Return the row on which something stands."""
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
        """Return the line of a hit, a heading's being its first hit's.

        A log that began again may have fewer hits than when the place was taken.
        """
        last = self.counts[place.source] - 1
        return self._finders[place.source].hit(max(0, min(place.hit, last)))

    def spans(self, source: int, line: int) -> list[tuple[int, int]]:
        """Return where a line of a source matches."""
        return self._matchers[source].spans(line)


_WHEEL_ROWS = 3
# So much of a line stays visible before what was found in it.
_LEAD = 12


class HitList(Widget):
    """A list that may be a million rows long; the row that is chosen stays so while it grows."""

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
        """What the cursor is on: the first hit, until it is moved."""
        if not len(self.search):
            return None
        if self._chosen is None or not self._holds(self._chosen):
            return self.search.place(1)
        return self._chosen

    def restart(self) -> None:
        """Show another search from its first hit."""
        self._top = self._chosen = None
        self.refresh()

    def move(self, rows: int) -> None:
        """Go some rows down, or up."""
        if (chosen := self.chosen) is not None:
            self._choose(self.search.row(chosen) + rows)

    def move_lanes(self, direction: int) -> None:
        """Go to the first hit of the next lane, or of the one before."""
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
        # What was found is shown, however far to the right it stands.
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
        """Return whether there still is something where the place was taken."""
        counts = self.search.counts
        return place.source < len(counts) and counts[place.source] > 0

    def _choose(self, row: int) -> None:
        row = max(0, min(len(self.search) - 1, row))
        self._chosen = self.search.place(row)
        top = self._top_row()
        # A lane's first hit is shown with the lane's name.
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
        """Go to a place of the list by its scrollbar."""
        if event.x >= self.size.width - 1 and len(self.search) > self.size.height:
            last = len(self.search) - self.size.height
            share = event.y / max(1, self.size.height - 1)
            self._top = self.search.place(round(last * share))
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Open the row that is clicked."""
        row = self._top_row() + event.y
        if event.x < self.size.width - 1 and row < len(self.search):
            self._choose(row)
            self.post_message(self.Opened())
