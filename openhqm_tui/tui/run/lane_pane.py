"""The pane of one lane: a heading with its status, and its log or its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Static

from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.formatting import elapsed_text
from openhqm_tui.domain.names import shortened
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.timeline import lane_seconds
from openhqm_tui.tui.core.labels import (
    how_of,
    short,
    silent_for,
    silent_mark,
    state_mark,
    step_label,
    way_words,
)
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.check_list import check_list, lists_checks

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import LaneState

_LEAST_NAME = 20
ZOOM, UNZOOM = "⤢", "⤡"
_NOTHING = {
    Status.WAITING: "queued",
    Status.RUNNING: "no output yet",
}


class LaneHeader(Static):
    """The heading; a click on its symbol, or a double click, maximizes the pane."""

    ALLOW_SELECT = False
    virtual_size = Reactive(Size())


class CheckList(Static, can_focus=True):
    """The checks of a lane; with the focus, its log takes their place."""

    ALLOW_SELECT = False
    virtual_size = Reactive(Size())


class LanePane(Vertical):
    """The log of one lane, or the build setup log of its target.

    With `lists_checks`, the lane's checks replace its log once they have started, unless it is
    being read.
    """

    DEFAULT_CSS = """
    LanePane {
        height: 1fr;
        & > LaneHeader {
            height: 1;
            padding: 0 1;
            background: $panel;
            color: $foreground;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        & > CheckList {
            height: 1fr;
            padding: 0 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            display: none;
        }
        &.-checks > CheckList { display: block; }
        &.-checks > LogPane { display: none; }
        & > LaneHeader:hover { background: $block-hover-background; }
        /* Textual restyles the children only if the pane itself has such a rule. */
        &:focus-within { background: $surface; }
        &:focus-within > LaneHeader {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """

    # Nothing here scrolls, so a new size doesn't require laying out the whole screen.
    virtual_size = Reactive(Size())

    def __init__(self, lane: LaneState) -> None:
        super().__init__()
        self.display = False
        self.lane = lane
        self.zoomed = False
        # Whether the target's own log is shown instead of the lane's.
        self.own = False
        self.lists_checks = False
        self.expected: tuple[str, ...] = ()
        # Whether its parts exist.
        self.ready = False
        self._waiting: list[Callable[[LanePane], object]] = []
        self._now = 0.0
        self._shown = Content()
        self.head = LaneHeader()
        self.head.tooltip = "Double-click to maximize or restore."
        self._checks_shown = Content()
        self.check_list = CheckList()
        self.log_pane = LogPane(lane.log)
        self.log_pane.step_name = self._step_name

    def compose(self) -> ComposeResult:
        """Build heading and log."""
        yield self.head
        yield self.log_pane
        yield self.check_list

    def when_mounted(self, do: Callable[[LanePane], object]) -> None:
        """Call `do` with this pane, at once or as soon as its parts exist."""
        if self.ready:
            do(self)
        else:
            self._waiting.append(do)

    def on_mount(self) -> None:
        """Do what had to wait."""
        # Textual sets `is_mounted` only after this.
        self.ready = True
        waiting, self._waiting = self._waiting, []
        for do in waiting:
            do(self)

    def on_descendant_focus(self) -> None:
        """Show the log while it is read."""
        if self.check_list.has_focus:
            self.read_log()

    def read_log(self) -> None:
        """Show the log and give it the focus."""
        self.remove_class("-checks")
        self.log_pane.focus()

    def on_descendant_blur(self) -> None:
        """Show the checks again when the log is no longer read."""
        self.call_after_refresh(self._choose_body)

    def _choose_body(self) -> None:
        checks = self.lists_checks and not self.own and not self.in_reading
        checks = checks and lists_checks(self.lane)
        self.set_class(checks, "-checks")
        if checks:
            size = self.size
            room = size.width - 2, max(1, size.height - 1)
            content = check_list(self.lane, self._now, *room, self.expected)
            if not content.is_same(self._checks_shown):
                self._checks_shown = content
                self.check_list.update(content, layout=False)

    @property
    def in_reading(self) -> bool:
        """Return whether the user is reading here: the log is focused or scrolled up."""
        log = self.log_pane
        return self.has_focus_within or not log.following or log.search_cursor is not None

    def show(self, lane: LaneState, now: float) -> None:
        """Show the lane; after a retry it has a new log."""
        self.lane = lane
        self.log_pane.began(lane.target.run.started)
        if self.own:
            self.log_pane.placeholder = "no build setup output"
            self.log_pane.show(lane.target.log)
        else:
            self.log_pane.placeholder = _NOTHING.get(lane.status, "no output for this platform")
            self.log_pane.show(lane.log)
        self.show_head(now)
        self._choose_body()

    def tick(self, now: float) -> None:
        """Update the times."""
        self.show_head(now)
        self._choose_body()

    def _step_name(self, number: int) -> str:
        return step_label(self.lane.target, number)

    def show_head(self, now: float) -> None:
        """Update only the heading."""
        self._now = now
        room = max(1, self.size.width - 4)
        words = heading(self.lane, now, room, own=self.own)
        gap = " " * max(1, room + 1 - words.cell_length)
        mark = UNZOOM if self.zoomed else ZOOM
        content = Content.assemble(words.truncate(room), gap, (mark, "bold $primary"))
        if not content.is_same(self._shown):
            self._shown = content
            self.head.update(content, layout=False)

    def on_resize(self) -> None:
        """Adapt heading and checks to the new size."""
        self.show_head(self._now)
        self._choose_body()

    def on_click(self, event: events.Click) -> None:
        """Focus the log; a click on the symbol or a double click maximizes it."""
        if event.widget is not self.head:
            return
        self.log_pane.focus()
        on_mark = event.x >= self.head.outer_size.width - 3
        if event.chain == (1 if on_mark else 2):
            # Not sent by the log, whose messages would not get past this pane.
            self.post_message(LogPane.Zoom(self.log_pane))


def heading(lane: LaneState, now: float, width: int, *, own: bool = False) -> Content:
    """Return a lane's name and status, dropping the least important parts if narrow."""
    target = lane.target
    mark = state_mark(target if own else lane)
    silent = silent_for(target, now) if own or lane.status is Status.RUNNING else None
    if silent is not None:
        mark = silent_mark(silent)
    how = None if own else how_of(lane)
    seconds = target.elapsed(now) if own else lane_seconds(lane, now)
    began = lane.status is not Status.WAITING
    running = not (target.status if own else lane.status).is_over
    way = way_words(lane) if not own else ""
    # Facts are worth more than all of a very long name.
    name = shortened(target.run.targets, max(_LEAST_NAME, width // 2))[target.name]
    for spare in range(7):
        facts = [f"attempt {target.attempt}"] if target.attempt > 1 and spare < 4 else []
        if spare == 0 or (how is None and spare < 3):
            facts += [way] if way else []
        else:
            facts += (
                [how.value] if how and spare < (2 if how is ExecutionMode.NATIVE else 6) else []
            )
        facts += [elapsed_text(seconds, running=running)] if began and spare < 5 else []
        place = str(lane.platform) if spare < 3 else short(lane.platform)
        content = Content.assemble(
            (f"{mark.symbol} ", mark.style),
            (name, "bold"),
            " build setup log · " if own else f" {place} · ",
            "".join(f"{fact} · " for fact in facts),
            (mark.word, mark.style),
        )
        if content.cell_length <= width:
            return content
    # Shorten a long name rather than the status.
    room = max(4, len(name) - (content.cell_length - width))
    least = Content.styled(shortened(target.run.targets, room)[target.name], "bold")
    return Content.assemble(content[:2], least, content[2 + len(name) :])
