"""A log on screen: reads lines by index, styles only what is seen, follows until scrolled."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.tui.ansi import segments
from openhqm_tui.tui.commands import bindings

# More than any screen shows, few enough to forget.
_KEPT_STRIPS = 512


class LogPane(ScrollView, can_focus=True):
    """One log; `flush` shows what was added since, and is all that a live log costs."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("log")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-pane--step",
        "log-pane--note",
        "log-pane--error",
    }
    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        padding: 0 0 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        background: $surface;
        &:focus { background-tint: $foreground 3%; }
        & > .log-pane--step { color: $primary; text-style: bold; }
        & > .log-pane--note { color: $text-muted; }
        & > .log-pane--error { color: $text-error; text-style: bold; }
    }
    """

    class Zoom(Message):
        """Somebody wants this log to have all the room."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LogPane:
            """The log that it is about."""
            return self.pane

    def __init__(self, log: LogLines | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.log_lines = log if log is not None else LogLines()
        self.following = True
        self.placeholder = ""
        self._shown = 0
        self._widest = 0
        self._moving = False
        self._strips: LRUCache[int, Strip] = LRUCache(_KEPT_STRIPS)

    def show(self, log: LogLines) -> None:
        """Show another log from now on, from its end."""
        if log is not self.log_lines:
            self.log_lines = log
            self._strips.clear()
            self._shown, self._widest = 0, 0
            self.following = True
        self.flush()

    def flush(self) -> None:
        """Show what the log has gained."""
        before, now = self._shown, len(self.log_lines)
        if now == before and self.virtual_size.height == now:
            return
        self._shown = now
        self.virtual_size = Size(self._widest + 1, now)
        if self.following:
            self._to_end()
        # A reader further up sees none of the new lines: only the scrollbar moves.
        if self.following or before < self.scroll_offset.y + self.size.height:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the visible row `y`."""
        left, top = self.scroll_offset
        width, base = self.size.width, self.rich_style
        index = top + y
        if index < self._shown:
            strip = self._strip(index, base)
        elif y == 0 and self.placeholder:
            note = self.get_component_rich_style("log-pane--note")
            strip = Strip([Segment(self.placeholder, base + note)])
        else:
            return Strip.blank(width, base)
        return strip.crop_extend(left, left + width, base)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow again as soon as the reader is back at the end, and only then."""
        super().watch_scroll_y(old_value, new_value)
        if not self._moving:
            self.following = new_value >= self.max_scroll_y

    def on_resize(self) -> None:
        """Keep the end in sight if it was."""
        if self.following:
            self._to_end()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the colours of before."""
        self._strips.clear()
        super().notify_style_update()

    def action_follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self._to_end()

    def action_aside(self, columns: int) -> None:
        """Scroll to the side."""
        self.virtual_size = Size(self._widest + 1, self._shown)
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False)

    def action_zoom(self) -> None:
        """Ask for all the room."""
        self.post_message(self.Zoom(self))

    def _to_end(self) -> None:
        self._moving = True
        try:
            # By force: the first lines too many come before there is a scrollbar.
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        finally:
            self._moving = False

    def _strip(self, index: int, base: Style) -> Strip:
        strip = self._strips.get(index)
        if strip is None:
            line = self.log_lines[index]
            strip = Strip(segments(line.text, base + self._style_of(line.text, line.stream)))
            self._strips[index] = strip
            self._widest = max(self._widest, strip.cell_length)
        return strip

    def _style_of(self, text: str, stream: int) -> Style:
        if stream:
            return Style.null()
        name = {"▸": "step", "✗": "error"}.get(text[:1], "note")
        return self.get_component_rich_style(f"log-pane--{name}")
