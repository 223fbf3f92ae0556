"""The grid of lanes: as many logs side by side as the terminal has room for, in pages."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from openhqm_tui.domain.state import LaneState, RunState, Status
from openhqm_tui.domain.steps import How
from openhqm_tui.tui.marks import status_mark
from openhqm_tui.tui.widgets.log_pane import LogPane
from openhqm_tui.tui.words import clock, how_of, lane_seconds, short

LaneKey = tuple[str, str]

# Below this a log can't be read.
_LEAST_WIDTH = 38
_LEAST_HEIGHT = 6


def fit(lanes: int, width: int, height: int) -> tuple[int, int]:
    """Return columns and rows for that many lanes: all if they fit, else even pages."""
    most_columns = max(1, (width + 1) // (_LEAST_WIDTH + 1))
    most_rows = max(1, height // _LEAST_HEIGHT)
    pages = max(1, ceil(lanes / (most_columns * most_rows)))
    shown = max(1, ceil(lanes / pages))
    best, most = (1, 1), -1.0
    for columns in range(1, most_columns + 1):
        rows = ceil(shown / columns)
        if rows > most_rows:
            continue
        # A log wants width before height, up to what lines have; empty places are waste.
        worth = min(1.0, width / columns / 90) * min(1.0, height / rows / 16)
        worth *= shown / (columns * rows)
        if worth > most:
            best, most = (columns, rows), worth
    return best


class LanePane(Vertical):
    """One lane: a heading that tells how it stands, and its log."""

    DEFAULT_CSS = """
    LanePane {
        height: 1fr;
        & > .lane-head {
            height: 1;
            padding: 0 1;
            background: $panel;
            color: $foreground;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        &:focus-within > .lane-head {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """

    def __init__(self, lane: LaneState) -> None:
        super().__init__()
        self.display = False
        self.lane = lane
        self._now = 0.0
        self.head = Static(classes="lane-head")
        self.log_pane = LogPane(lane.log)

    def compose(self) -> ComposeResult:
        """Build the heading over the log."""
        yield self.head
        yield self.log_pane

    def show(self, lane: LaneState, now: float) -> None:
        """Show how the lane stands now; a retried lane has a new log."""
        self.lane = lane
        self.log_pane.placeholder = {
            Status.WAITING: "waiting for its turn",
            Status.RUNNING: "nothing said yet",
            Status.CANCELLED: "cancelled before it began",
        }.get(lane.status, "no output of this lane alone")
        self.log_pane.show(lane.log)
        self.show_head(now)

    def show_head(self, now: float) -> None:
        """Renew the heading alone."""
        self._now = now
        self.head.update(heading(self.lane, now, self.size.width - 2), layout=False)

    def on_resize(self) -> None:
        """Say as much in the heading as there is room for now."""
        self.show_head(self._now)


def heading(lane: LaneState, now: float, width: int) -> Content:
    """Return a lane's name and standing; what says least is left out where it's narrow."""
    mark = status_mark(lane.status)
    how = how_of(lane)
    began = lane.status is not Status.WAITING
    for spare in range(4):
        facts = [how.value] if how and (spare < 1 or how is not How.NATIVE) else []
        facts += [clock(lane_seconds(lane, now))] if began and spare < 3 else []
        content = Content.assemble(
            (f"{mark.symbol} ", mark.style),
            (lane.target.name, "bold"),
            f" {lane.platform if spare < 2 else short(lane.platform)} · ",
            "".join(f"{fact} · " for fact in facts),
            (mark.word, mark.style),
        )
        if content.cell_length <= width:
            break
    return content


class LanePanes(Container):
    """All lanes of a run, one page of them in sight; panes out of sight cost nothing."""

    DEFAULT_CSS = """
    LanePanes {
        layout: grid;
        grid-size: 1 1;
        grid-gutter: 0 1;
    }
    """

    class Paged(Message):
        """Other lanes are in sight; `page` counts from 0."""

        def __init__(self, page: int, pages: int) -> None:
            super().__init__()
            self.page = page
            self.pages = pages

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.panes: dict[LaneKey, LanePane] = {}
        self.zoomed: LaneKey | None = None
        self.page = 0
        self.pages = 1
        self._state: RunState | None = None

    async def open_run(self, state: RunState, now: float) -> None:
        """Show the lanes of another run."""
        await self.remove_children()
        self._state, self.zoomed, self.page = state, None, 0
        self.panes = {lane.key: LanePane(lane) for lane in state.lanes}
        await self.mount_all(self.panes.values())
        self.lay_out(now)

    @property
    def visible_panes(self) -> list[LanePane]:
        """The panes in sight."""
        return [pane for pane in self.panes.values() if pane.display]

    @property
    def focused_key(self) -> LaneKey | None:
        """The lane whose log has the focus."""
        found = (key for key, pane in self.panes.items() if pane.log_pane.has_focus)
        return next(found, None)

    def refresh_lanes(self, keys: Iterable[LaneKey], now: float) -> None:
        """Renew those of the named lanes that are in sight."""
        for key in keys:
            pane = self.panes.get(key)
            if pane is not None and pane.display:
                self._show(pane, now)

    def tick(self, now: float) -> None:
        """Renew the headings of what still runs."""
        for pane in self.visible_panes:
            if not pane.lane.status.is_over:
                pane.show_head(now)

    def lay_out(self, now: float) -> None:
        """Lay the panes out for the room there is."""
        keys = list(self.panes)
        if self.zoomed in self.panes:
            columns = rows = 1
            self.page, self.pages = keys.index(self.zoomed), len(keys)
        else:
            columns, rows = fit(len(keys), self.size.width, self.size.height)
            self.pages = max(1, ceil(len(keys) / (columns * rows)))
            self.page = min(self.page, self.pages - 1)
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = rows
        first = self.page * columns * rows
        seen = set(keys[first : first + columns * rows])
        for key, pane in self.panes.items():
            pane.display = key in seen
            if pane.display:
                self._show(pane, now)
        self.post_message(self.Paged(self.page, self.pages))

    def turn(self, pages: int, now: float) -> None:
        """Go some pages on; zoomed, some lanes."""
        if self.zoomed is not None:
            keys = list(self.panes)
            place = (keys.index(self.zoomed) + pages) % len(keys)
            self.zoom(keys[place], now)
        elif self.pages > 1:
            self.page = (self.page + pages) % self.pages
            self.lay_out(now)

    def zoom(self, key: LaneKey | None, now: float) -> None:
        """Give one lane all the room; None: give it back."""
        before, self.zoomed = self.zoomed, key
        self.lay_out(now)
        if key is not None:
            self.panes[key].log_pane.focus()
        elif before is not None:
            self.reveal(before, now)

    def reveal(self, key: LaneKey, now: float) -> None:
        """Turn to the page that shows a lane."""
        if self.zoomed is not None:
            self.zoomed = key
        elif key in self.panes:
            columns, rows = fit(len(self.panes), self.size.width, self.size.height)
            self.page = list(self.panes).index(key) // (columns * rows)
        self.lay_out(now)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out anew: only the screen knows what time it is."""
        event.stop()
        self.post_message(self.Resized())

    class Resized(Message):
        """There is another amount of room."""

    def _show(self, pane: LanePane, now: float) -> None:
        state = self._state
        lane = state.lane(*pane.lane.key) if state is not None else None
        if lane is not None:
            pane.show(lane, now)
