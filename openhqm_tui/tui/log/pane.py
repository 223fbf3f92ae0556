"""A log with movement, search, filters, selection and copying."""

from __future__ import annotations

import re
from time import monotonic
from typing import ClassVar, Protocol

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.patterns import parse_pattern
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.session import copy
from openhqm_tui.tui.log.canvas import (
    MOST_LINES,
    LogCanvas,
    MouseSelection,
    TextPosition,
    character_at,
    word_around,
)
from openhqm_tui.tui.log.drawing import part_at
from openhqm_tui.tui.log.search import SearchCursor
from openhqm_tui.tui.log.text import Stamps, stamp
from openhqm_tui.tui.log.view import ALL, LogFilter


class Searchable(Protocol):
    """The interface of a log that the bar can search."""

    def search(self, text: str) -> None: ...
    def end_typing(self, *, keep: bool, focus: bool = True) -> None: ...
    def action_next(self, direction: int) -> None: ...


class SearchBar(Horizontal):
    """Searches its pane while an expression is typed."""

    BINDINGS: ClassVar = bindings("typed")
    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        background: $panel;
        & > .search-sign { width: auto; padding: 0 0 0 1; color: $primary; text-style: bold; }
        & > Input { width: 1fr; background: $panel; padding: 0 1 0 0; }
        & > .search-count { width: auto; max-width: 70%; padding: 0 1; }
    }
    """

    def __init__(self, pane: Searchable, text: str = "") -> None:
        super().__init__()
        self._pane = pane
        self._text = text

    def compose(self) -> ComposeResult:
        """Build sign, field and count."""
        yield Static("/", classes="search-sign")
        yield Input(self._text, compact=True, placeholder="regular expression")
        yield Static(classes="search-count")

    def on_mount(self) -> None:
        """Focus the field."""
        self.query_one(Input).focus()

    def tell(self, words: Content | str) -> None:
        """Show the number of matches."""
        if self.is_mounted:
            self.query_one(".search-count", Static).update(words)

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Search for the current input."""
        event.stop()
        try:
            self._pane.search(event.value)
        except Problem as problem:
            self.tell(Content.styled(f"✗ {problem}", "$text-error"))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Keep the search."""
        event.stop()
        self.action_keep()

    @on(Input.Blurred)
    def left(self, event: Input.Blurred) -> None:
        """Keep the search if the focus moves elsewhere."""
        event.stop()
        self._pane.end_typing(keep=True, focus=False)

    def action_keep(self) -> None:
        """Return to the log and keep the search."""
        self._pane.end_typing(keep=True)

    def action_leave(self) -> None:
        """Cancel the search, and return to the previous position."""
        self._pane.end_typing(keep=False)

    def action_next(self, direction: int) -> None:
        """Go to the next or previous match."""
        self._pane.action_next(direction)


_WHEEL_ROWS = 3
_FAR = 1 << 30


class LogPane(LogCanvas, can_focus=True):
    """A log with its keys and mouse actions."""

    BINDINGS: ClassVar = bindings("log")

    class Zoom(Message):
        """Asks to maximize this log."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LogPane:
            """The log that sent the message."""
            return self.pane

    class Shaped(Message):
        """Wrapping or timestamps changed: other panes follow."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, log: LogLines | None = None, *, id: str | None = None) -> None:
        super().__init__(log, id=id)
        self._bar: SearchBar | None = None
        self._before_typing = self.view.bookmark()
        self._stood = 0
        self._held = ""

    def show(self, log: LogLines) -> None:
        """Switch to another log, at its end."""
        if log is not self.log_lines and self._bar is not None:
            self.end_typing(keep=False, focus=self._bar.has_focus_within)
        super().show(log)

    def show_found(self, line: int, pattern: re.Pattern[str]) -> None:
        """Go to a match of another search; n and N continue from there."""
        self.end_typing(keep=False, focus=False)
        self.view.grow()
        if not self.view.lets_through(line):
            self.view.show_only(ALL)
        self.pick = self.view.mark = None
        self.view.go(line)
        self.search_cursor = SearchCursor(self.view, monotonic, pattern, origin=line)
        self.aside_to_match()
        self.fit()
        self.work()

    def show_step(self, step: int | None) -> None:
        """Go to the start of a step's output; without a step, to the first line."""
        known = step is not None and self.log_lines.first_of(step) is not None
        self.view.show_only(LogFilter(step=step) if step is not None and known else ALL)
        self.view.grow()
        self.view.go_to_start()
        self.work()

    # Searching.

    def search(self, text: str) -> None:
        """Search for an expression while it is typed; raises Problem if it is invalid."""
        pattern = parse_pattern(text) if text else None
        self.view.go_back(self._before_typing)
        self.search_cursor = None
        if pattern is not None:
            rows = self.view.rows()
            follows = self.view.following and rows
            origin = rows[0].line if follows else self.view.here
            self.search_cursor = SearchCursor(self.view, monotonic, pattern, origin=origin)
            self.search_cursor.want_nearest()
        elif self._bar is not None:
            self._bar.tell("")
        self.fit()
        self.work()

    def end_typing(self, *, keep: bool, focus: bool = True) -> None:
        """Close the search bar; keep the search, or return to the previous position."""
        bar, self._bar, self.typing = self._bar, None, False
        if bar is None:
            return
        if not keep:
            self.search_cursor = None
            self.view.go_back(self._before_typing)
        if focus:
            self.focus()
        bar.remove()
        self.fit()

    @property
    def searched_for(self) -> str:
        """The current search expression; '' if none."""
        matcher = self.search_cursor.matcher if self.search_cursor is not None else None
        return matcher.pattern.pattern if matcher is not None else ""

    def action_search(self) -> None:
        """Open the search bar."""
        if self._bar is None and self.parent is not None:
            self._before_typing = self.view.bookmark()
            self.typing = True
            self._bar = SearchBar(self, self.searched_for)
            assert isinstance(self.parent, Widget)
            self.parent.mount(self._bar, after=self)

    def action_next(self, direction: int) -> None:
        """Go to the next or previous match; without a search, start one."""
        if self.search_cursor is None:
            self.action_search()
            return
        self.search_cursor.want(direction)
        self._moved(work=True)

    def action_error(self, direction: int) -> None:
        """Go to the next or previous line that looks like an error."""
        if self.search_cursor is None or not self.search_cursor.is_for_errors:
            self.search_cursor = SearchCursor(self.view, monotonic)
        self.action_next(direction)

    def searched(self) -> None:
        """Show the matches found so far in the search bar."""
        if self._bar is not None and self.search_cursor is not None:
            self._bar.tell(
                "  ".join(filter(None, (self.search_cursor.notice, self.search_cursor.counted)))
            )

    # Moving.

    def _moved(self, *, work: bool = False) -> None:
        self.pick = self.drawing.aside = None
        if self.search_cursor is not None and not work:
            self.search_cursor.notice = ""
        self.fit()
        if work:
            self.work()

    def action_move(self, lines: int) -> None:
        """Move by lines."""
        self.view.move(lines)
        self._moved()

    def action_pages(self, pages: float) -> None:
        """Scroll by pages or fractions of one, keeping one line of the previous page."""
        rows = max(1, int(abs(pages) * self.view.height) - (abs(pages) >= 1))
        self.view.scroll(rows if pages > 0 else -rows)
        self._moved()

    def action_start(self) -> None:
        """Go to the first line."""
        self.view.go_to_start()
        self._moved()

    def action_follow(self) -> None:
        """Go to the end and stay there."""
        self.view.follow()
        self._moved()

    def action_aside(self, columns: int) -> None:
        """Scroll horizontally, as far as the visible lines extend."""
        widest = max((cell_len(self.view.text_at(row.line)) for row in self.rows), default=0)
        furthest = max(0, widest - self.view.width)
        self.drawing.aside = None
        self.drawing.left = max(0, min(furthest, self.drawing.left + columns))
        self.drawing.reshape()
        self.fit()

    def action_zoom(self) -> None:
        """Maximize or restore."""
        self.post_message(self.Zoom(self))

    # Display.

    def action_wrap(self) -> None:
        """Wrap or truncate long lines."""
        self.shape(not self.view.wrap, self.drawing.stamps)
        self.post_message(self.Shaped(self))

    def action_times(self) -> None:
        """Switch the kind of timestamps."""
        self.shape(self.view.wrap, self.drawing.stamps.next)
        self.post_message(self.Shaped(self))

    def shape(self, wrap: bool, stamps: Stamps) -> None:
        """Set wrapping and timestamps."""
        if wrap != self.view.wrap:
            self.drawing.left, self.drawing.aside = 0, None
            self.view.set_wrap(wrap)
        self.drawing.stamps = stamps
        self.drawing.reshape()
        self.fit()

    def action_filter(self) -> None:
        """Filter: standard error only, the current step only, everything."""
        view = self.view
        here = view.here
        if view.only == ALL:
            self._stood = here or 0
            only = LogFilter(stream=2)
        elif view.only.stream >= 0 and len(view.lines):
            only = LogFilter(step=view.lines.step(self._stood if here is None else here))
        else:
            only = ALL
        view.show_only(only)
        self.drawing.reshape()
        if self.search_cursor is not None:
            matcher = self.search_cursor.matcher
            self.search_cursor = SearchCursor(view, monotonic, matcher.pattern if matcher else None)
        self._moved(work=True)

    # Marking and copying.

    def action_mark(self) -> None:
        """Start or clear a selection of lines."""
        if self.view.mark is None:
            self.view.move(0, marking=True)
        else:
            self.view.mark = None
        self._moved()

    def action_extend(self, lines: int) -> None:
        """Extend the selection."""
        self.view.move(lines, marking=True)
        self._moved()

    def action_copy(self) -> None:
        """Copy the mouse selection, else the marked lines, else the current line."""
        view = self.view
        if self.pick:
            lines = self.pick.lines(view)
        else:
            here = view.place_of(view.here or 0)
            places = view.marked or range(here, min(here + 1, len(view)))
            lines = [self._line_to_copy(view.index_of(place)) for place in places[:MOST_LINES]]
        if not lines:
            return
        text = "\n".join(lines)
        what = count_text(len(lines), "line")
        if self.pick and len(lines) == 1:
            what = count_text(len(text), "character")
        copy(self, text, what)
        view.mark = None
        self.fit()

    def action_close(self) -> None:
        """Clear the selection or marks, else the search."""
        if self.pick or self.view.mark is not None:
            self.pick = self.view.mark = None
        else:
            self.search_cursor = None
        self.fit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Esc to the screen if there is nothing to clear."""
        if action == "close":
            return bool(self.pick or self.view.mark is not None or self.search_cursor is not None)
        return super().check_action(action, parameters)

    def _line_to_copy(self, line: int) -> str:
        text = self.view.text_at(line)
        drawing = self.drawing
        time = stamp(self.log_lines.at(line), drawing.stamps, drawing.began)
        return f"{time} {text}" if time else text

    # The mouse.

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down; with Shift, to the right."""
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up; with Shift, to the left."""
        self._wheel(event, -1)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Scroll to the right."""
        event.stop()
        self.action_aside(4)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Scroll to the left."""
        event.stop()
        self.action_aside(-4)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.stop()
        if event.shift or event.ctrl:
            self.action_aside(4 * direction)
        else:
            self.view.scroll(direction * _WHEEL_ROWS)
            self.fit()

    async def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start dragging the scrollbar or selecting text, or click a part of the foot."""
        if event.button != 1:
            return
        self.pick = None
        if event.y >= self.view.height:
            part = part_at(self.foot, event.x - 1)
            if part is not None and part.action:
                await self.run_action(part.action)
            return
        self._held = "bar" if event.x >= self.size.width - 1 else "text"
        if self._held == "text":
            self.pick = MouseSelection(self._spot(event.x, event.y))
        self.capture_mouse()
        self.on_mouse_move(event)

    def on_mouse_move(self, event: events.MouseMove | events.MouseDown) -> None:
        """Drag the scrollbar, or extend the selection."""
        if self._held == "bar":
            self.view.scroll_to_share(event.y / max(1, self.view.height - 1))
            self.fit()
        elif self._held == "text" and self.pick is not None:
            if not 0 <= event.y < self.view.height and self.pick:
                self.view.scroll(-1 if event.y < 0 else 1)
                self.fit()
            self.pick.to(self._spot(event.x, max(0, min(event.y, self.view.height - 1))))
            if self.pick:
                # Moving text can't be selected.
                self.view.stay()
                self.fit()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Copy the selection; without one, move the cursor to the line."""
        held, self._held = self._held, ""
        self.release_mouse()
        if held != "text":
            return
        if self.pick:
            self.action_copy()
            return
        self.pick = None
        if not self.view.following and event.y < len(self.rows):
            self.view.move(self.rows[event.y].place - self.view.cursor)
        self.fit()

    def on_click(self, event: events.Click) -> None:
        """Copy a word on a double click, a line on a triple click."""
        if event.chain < 2 or not 0 <= event.y < len(self.rows):
            return
        line, character = self._spot(event.x, event.y)
        text = self.view.text_at(line)
        start, end = word_around(text, character) if event.chain == 2 else (0, len(text))
        if start < end:
            self.view.stay()
            self.pick = MouseSelection(TextPosition(line, start), TextPosition(line, end - 1))
            self.action_copy()

    def _spot(self, x: int, y: int) -> TextPosition:
        if not self.rows or y >= len(self.rows):
            return TextPosition(self.rows[-1].line, _FAR) if self.rows else TextPosition(0, 0)
        row = self.rows[y]
        left = 0 if self.view.wrap else self.drawing.left_of(row.line)
        text = self.view.text_at(row.line)[row.start : row.end]
        column = max(0, x - self.drawing.before_text)
        return TextPosition(row.line, row.start + character_at(text, left + column))
