"""The log widget: styles only visible lines, and follows the end until scrolled.

It draws its own scrollbar: Textual lays out the whole screen whenever the size of scrolled
content changes, and that of a live log changes ten times a second.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.drawing import (
    LogDrawing,
    LogInk,
    PlacedPart,
    foot_parts,
    lay_out,
    nothing_words,
)
from openhqm_tui.tui.log.search import SearchCursor
from openhqm_tui.tui.log.text import Span
from openhqm_tui.tui.log.view import ALL, LogRow, LogView

# More than anyone pastes; a clipboard isn't for whole logs.
MOST_LINES = 20_000
_LINE_END = 1 << 30


class TextPosition(NamedTuple):
    """A position in a log: the indexes of line and character."""

    line: int
    character: int


class MouseSelection:
    """A selection between two positions, in either direction, both included."""

    def __init__(self, start: TextPosition, end: TextPosition | None = None) -> None:
        self._start = start
        self._end = end if end is not None else start

    def __bool__(self) -> bool:
        return self._start != self._end

    def to(self, spot: TextPosition) -> None:
        """Extend the selection to a position."""
        self._end = spot

    def span(self, line: int) -> tuple[int, int] | None:
        """Return the selected characters of a line."""
        first, last = sorted((self._start, self._end))
        if not first.line <= line <= last.line:
            return None
        start = first.character if line == first.line else 0
        end = last.character + 1 if line == last.line else _LINE_END
        return (start, end) if start < end else None

    def lines(self, view: LogView) -> list[str]:
        """Return the selected text of the lines that the view shows."""
        first, last = sorted((self._start, self._end))
        place = view.place_of(first.line)
        found: list[str] = []
        while place < len(view) and len(found) < MOST_LINES:
            index = view.index_of(place)
            if index > last.line:
                break
            start, end = self.span(index) or (0, 0)
            found.append(view.text_at(index)[start:end])
            place += 1
        return found


def character_at(text: str, cell: int) -> int:
    """Return the index of the character in a cell; beyond the end: the length."""
    if text.isascii():
        return min(cell, len(text))
    for at, character in enumerate(text):
        cell -= cell_len(character)
        if cell < 0:
            return at
    return len(text)


def word_around(text: str, character: int) -> tuple[int, int]:
    """Return start and end of the word at a character."""

    def belongs(at: int) -> bool:
        return not text[at].isspace() and text[at] not in "\"'`()[]{}<>,;"

    if not 0 <= character < len(text) or not belongs(character):
        return character, character
    start = end = character
    while start > 0 and belongs(start - 1):
        start -= 1
    while end < len(text) and belongs(end):
        end += 1
    return start, end


# The share of each frame for searching; the rest is for keys and drawing.
_SLICE_SECONDS = 0.006
_PAUSE_SECONDS = 0.002
_REDRAW_SECONDS = 0.1
_PARTS = [name for name in LogInk._fields if name not in {"base", "theme"}]
# The others keep the background of their line.
_WITH_BACKGROUND = {"foot", "key", "on_foot", "news"}


class LogCanvas(Widget):
    """Draws one log; `flush` shows new lines, the only cost of a live log."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log--{name}" for name in _PARTS}
    DEFAULT_CSS = """
    LogCanvas {
        height: 1fr;
        background: $surface;
        &:focus { background-tint: $foreground 3%; }
        & > .log--step { color: $primary; text-style: bold; }
        & > .log--note { color: $foreground-muted; }
        & > .log--error { color: $text-error; text-style: bold; }
        & > .log--cursor { background: $panel; }
        & > .log--marked { background: $block-cursor-background; }
        & > .log--picked { background: $block-cursor-background; text-style: reverse; }
        & > .log--match { text-style: underline bold; color: $accent; }
        & > .log--here { text-style: reverse bold; color: $accent; }
        & > .log--foot { background: $panel; color: $foreground-muted; }
        & > .log--key { background: $panel; color: $foreground; }
        & > .log--on_foot { background: $panel; color: $primary; text-style: bold; }
        & > .log--news { background: $primary; color: $background; text-style: bold; }
        & > .log--on { color: $primary; text-style: bold; }
        & > .log--bar { color: $scrollbar; }
    }
    """

    # Like Textual's, but changes don't lay out the whole screen.
    virtual_size = Reactive(Size())

    def __init__(self, log: LogLines | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = LogView(log if log is not None else LogLines())
        self.placeholder = ""
        self.step_name: Callable[[int], str] = "step {}".format
        self.search_cursor: SearchCursor | None = None
        self.drawing = LogDrawing()
        self._ink: LogInk | None = None
        self.rows: list[LogRow] = []
        self.foot: list[PlacedPart] = []
        self.pick: MouseSelection | None = None
        self.typing = False
        self._timer: Timer | None = None
        self._drawn = 0.0

    @property
    def log_lines(self) -> LogLines:
        """The displayed log."""
        return self.view.lines

    @property
    def following(self) -> bool:
        """Return whether the end is followed."""
        return self.view.following

    @property
    def in_sight(self) -> bool:
        """Return whether this pane and its ancestors are visible."""
        return self.is_attached and all(node.display for node in self.ancestors_with_self)

    # Input.

    def began(self, moment: float | None) -> None:
        """Set the start of the run, in seconds since the epoch."""
        if self.drawing.began != moment:
            self.drawing.began = moment
            self.drawing.reshape()

    def show(self, log: LogLines) -> None:
        """Switch to another log, at its end."""
        if log is not self.view.lines:
            wrap = self.view.wrap
            self.view = LogView(log)
            self.view.wrap = wrap
            self.search_cursor = self.pick = None
            self.drawing.forget()
            self.fit()
        self.flush()
        if self.search_cursor is not None:
            self._work_soon()

    def flush(self) -> None:
        """Show new lines."""
        before = len(self.view)
        more = self.view.grow()
        if more or self.search_cursor is not None:
            self._work_soon()
        # Lines that were read before the size was known aren't laid out for it yet.
        if len(self.view) == before and (self._is_fitted or not before):
            return
        if not self._is_fitted:
            self.fit()
            return
        if self.view.following or len(self.rows) < self.view.height:
            self.fit()
        else:
            # A user reading further up sees only the foot, and sometimes the scrollbar, change.
            self._lay_foot()
            thumb = self.drawing.thumb
            self.drawing.aim(self.view, self.rows)
            width, height = self.size
            moved = self.drawing.thumb != thumb
            self.refresh(Region(0, 0 if moved else height - 1, width, height if moved else 1))

    # Drawing.

    def render_line(self, y: int) -> Strip:
        """Return the visible row `y`."""
        ink = self._ink = self._ink or self._read_ink()
        width = self.size.width
        if y >= self.view.height and self.foot:
            return self.drawing.foot(self.foot, width, ink)
        if y < len(self.rows):
            row = self.rows[y]
            drawn = self.drawing.row(self.view, row, self._spans(row, ink), ink)
        else:
            words = self.placeholder if y == 0 and not self.rows else ""
            if words and self.view.only != ALL:
                words = nothing_words(self.view.only)
            strip = Strip([Segment(f" {words}", ink.base + ink.note)])
            drawn = list(strip.crop_extend(0, width - 1, ink.base))
        return Strip([*drawn, self.drawing.bar(y, ink)])

    def notify_style_update(self) -> None:
        """Discard rows drawn in the previous colors."""
        self._ink = None
        self.drawing.forget()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Adapt to the new size; the current match stays visible."""
        if self.drawing.aside is not None:
            self.drawing.aside = None
            self.fit()
            self.aside_to_match()
        self.fit()

    def _read_ink(self) -> LogInk:
        styles = {
            name: self.get_component_rich_style(
                f"log--{name}", partial=name not in _WITH_BACKGROUND
            )
            for name in _PARTS
        }
        return LogInk(base=self.rich_style, theme=self.app.ansi_theme, **styles)

    @property
    def _shape(self) -> tuple[int, int]:
        """The room for lines."""
        width, height = self.size
        return self.drawing.room(width), height - bool(self.foot)

    @property
    def _is_fitted(self) -> bool:
        """Whether the rows are laid out for the current size."""
        width, height = self._shape
        return (max(1, width), max(1, height)) == (self.view.width, self.view.height)

    def fit(self) -> None:
        """Recompute and redraw the visible rows."""
        self._lay_foot()
        shape = self._shape
        if shape != (self.view.width, self.view.height):
            self.drawing.reshape()
        self.view.resize(*shape)
        self.rows = self.view.rows()
        self.drawing.aim(self.view, self.rows)
        self._drawn = monotonic()
        self.refresh()

    def _lay_foot(self) -> None:
        if self.typing:
            self.foot = []
            return
        left, right = foot_parts(self.view, self.search_cursor, self.step_name, self.drawing.stamps)
        self.foot = lay_out(left, right, self.size.width - 1)

    def _spans(self, row: LogRow, ink: LogInk) -> list[Span]:
        spans: list[Span] = []
        if self.search_cursor is not None and self.search_cursor.matcher is not None:
            here = not self.view.following and row.place == self.view.cursor
            style = ink.here if here else ink.match
            found = self.search_cursor.matcher.spans(row.line)
            spans += [(start, end, style) for start, end in found]
        if self.pick and (span := self.pick.span(row.line)):
            spans.append((*span, ink.picked))
        return spans

    # Work in slices.

    def _work_soon(self) -> None:
        if self._timer is None and self.is_attached:
            self._timer = self.set_timer(_PAUSE_SECONDS, self.work)

    def work(self) -> None:
        """Filter and search a slice; a hidden pane waits until it is visible again."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self.in_sight:
            return
        before = self.view.bookmark()
        more = self.view.grow()
        if self.search_cursor is not None:
            more = self.search_cursor.advance(_SLICE_SECONDS) or more
        late = monotonic() - self._drawn > _REDRAW_SECONDS
        moved = self.view.bookmark() != before
        if moved:
            self.aside_to_match()
        if not more or late or moved:
            self.fit()
            self.searched()
        if more:
            self._work_soon()

    def aside_to_match(self) -> None:
        """Scroll horizontally to the match in the current line."""
        self.drawing.aside = None
        here = self.view.here
        matcher = self.search_cursor.matcher if self.search_cursor is not None else None
        if here is None or matcher is None or self.view.wrap:
            return
        for start, end in matcher.spans(here)[:1]:
            text = self.view.text_at(here)
            first, last, room = cell_len(text[:start]), cell_len(text[:end]), self.view.width - 1
            if first <= self.drawing.left or last > self.drawing.left + room:
                self.drawing.aside = (here, 0 if last <= room else max(0, first - room // 3))

    def searched(self) -> None:
        """Report the results of a slice of searching."""
