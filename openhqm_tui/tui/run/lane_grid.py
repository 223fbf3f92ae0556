"""The grid of panes: as many logs side by side as fit, in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from textual import events, on
from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.lane_pane import LanePane

# The layout: columns and rows of equal size, each pane in its own place.
#
# Textual's grid closes gaps whenever a pane is hidden, and restyles all panes whenever the number
# of columns changes.

_GUTTER = 1


class LaneGrid(Layout):
    """Arranges widgets by `places`, numbered along the rows, with one column between panes."""

    name = "lanes"

    def __init__(self) -> None:
        self.columns = 1
        self.rows = 1
        self.places: dict[Widget, int] = {}

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002
    ) -> ArrangeResult:
        """Return the regions of the widgets that have a place."""
        parent.pre_layout(self)
        return [
            WidgetPlacement(self._region(place, size), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if (place := self.places.get(child)) is not None
        ]

    def _region(self, place: int, size: Size) -> Region:
        row, column = divmod(place, self.columns)
        room = size.width - _GUTTER * (self.columns - 1)
        left, right = (room * at // self.columns for at in (column, column + 1))
        top, bottom = (size.height * at // self.rows for at in (row, row + 1))
        return Region(left + _GUTTER * column, top, right - left, bottom - top)


# Which lanes are visible if not all fit: the active ones.
#
# Panes that move can't be read, so as few as possible do: a lane that has become quieter than a
# hidden one swaps places with it; all others keep theirs.

_RANKS = {
    Status.FAILED: 0,
    Status.RUNNING: 1,
    Status.CHECKING: 2,
    Status.WAITING: 3,
    Status.UNKNOWN: 4,
    Status.CANCELLED: 5,
}
_QUIET = 6

LaneKey = tuple[str, str]


def begin_busiest_first(standing: Mapping[LaneKey, Status], places: int) -> list[LaneKey]:
    """Return the initial order: the busiest lanes first, each group in plan order."""
    order = busiest_first(list(standing), standing, places)
    seen = set(order[:places])
    return [*(key for key in standing if key in seen), *order[places:]]


def busiest_first(
    order: Sequence[LaneKey], standing: Mapping[LaneKey, Status], places: int
) -> list[LaneKey]:
    """Return `order` with the busiest lanes in its first `places`.

    `standing` is the state of every lane, in plan order.
    """
    plan = {key: index for index, key in enumerate(standing)}
    ranks = {key: _RANKS.get(status, _QUIET) for key, status in standing.items()}

    def by_rank(key: LaneKey) -> tuple[int, int]:
        return ranks[key], plan[key]

    seen, hidden = list(order[:places]), sorted(order[places:], key=by_rank)
    quietest = sorted(range(len(seen)), key=lambda place: (ranks[seen[place]], place))
    for place in reversed(quietest):
        if not hidden or ranks[hidden[0]] >= ranks[seen[place]]:
            break
        seen[place], hidden = hidden[0], [*hidden[1:], seen[place]]
    return [*seen, *sorted(hidden, key=by_rank)]


# The minimum size of a readable log.
_LEAST_WIDTH = 38
_LEAST_HEIGHT = 6
# Panes to show per frame; more would delay keys.
_AT_ONCE = 6


def fit(lanes: int, width: int, height: int) -> tuple[int, int]:
    """Return columns and rows for a number of lanes: all if they fit, else even pages."""
    most_columns = max(1, (width + 1) // (_LEAST_WIDTH + 1))
    most_rows = max(1, height // _LEAST_HEIGHT)
    pages = max(1, ceil(lanes / (most_columns * most_rows)))
    shown = max(1, ceil(lanes / pages))
    best, most = (1, 1), -1.0
    for columns in range(1, most_columns + 1):
        rows = ceil(shown / columns)
        if rows > most_rows:
            continue
        # Prefer width to height, up to the usual line length, and avoid empty places.
        worth = min(1.0, width / columns / 90) * min(1.0, height / rows / 16)
        worth *= shown / (columns * rows)
        if worth > most:
            best, most = (columns, rows), worth
    return best


class LanePanes(Container):
    """All lanes of a run, one page of which is visible; hidden panes cost nothing."""

    class Paged(Message):
        """The visible lanes have changed; `page` counts from 0."""

        def __init__(self, page: int, pages: int) -> None:
            super().__init__()
            self.page = page
            self.pages = pages

    class Resized(Message):
        """The size has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.panes: dict[LaneKey, LanePane] = {}
        self.zoomed: LaneKey | None = None
        self.page = 0
        self.pages = 1
        self.busiest_first = False
        self._order: list[LaneKey] = []
        self._in_sight: list[LaneKey] = []
        # The last revealed lane stays visible until the user turns the page, whatever the size.
        self.kept: LaneKey | None = None
        self._grid = LaneGrid()
        self.styles.set_rule("layout", self._grid)
        self._state: RunState | None = None
        self._seen = False

    async def open_run(self, state: RunState, now: float, *, live: bool) -> None:
        """Show the lanes of another run; those of a live one with the busiest first."""
        self._in_sight = []
        await self.remove_children()
        self._state, self.zoomed, self.page, self.kept = state, None, 0, None
        self.panes = {lane.key: LanePane(lane) for lane in state.lanes}
        self._order = list(self.panes)
        self.busiest_first, self._seen = live, False
        await self.mount_all(self.panes.values())
        self._arrange()
        self.lay_out(now)

    @property
    def visible_panes(self) -> list[LanePane]:
        """The visible panes, by place."""
        return [self.panes[key] for key in self._in_sight]

    @property
    def focused_key(self) -> LaneKey | None:
        """The lane whose log has the focus."""
        found = (key for key, pane in self.panes.items() if pane.log_pane.has_focus)
        return next(found, None)

    @property
    def in_reading(self) -> bool:
        """Return whether the user is reading: a log is focused, maximized or scrolled up."""
        return self.zoomed is not None or any(pane.in_reading for pane in self.visible_panes)

    def refresh_lanes(self, keys: Iterable[LaneKey], now: float, *, anew: bool = False) -> None:
        """Update the visible ones of the named lanes, and show busier lanes.

        `again`: the output from before the run was opened is still being read.
        """
        self._seen = self._seen and not anew
        if self.busiest_first and self.page == 0 and not self.in_reading and self._arrange():
            self.lay_out(now)
        for key in keys:
            pane = self.panes.get(key)
            if pane is not None and pane.display:
                self._show(pane, now)

    def flush(self, keys: Iterable[LaneKey]) -> None:
        """Show new lines of the visible ones of the named lanes."""
        for key in keys:
            pane = self.panes.get(key)
            if pane is not None and pane.display:
                pane.log_pane.flush()

    def tick(self, now: float) -> None:
        """Update the headings of running lanes."""
        for pane in self.visible_panes:
            if not pane.lane.status.is_over:
                pane.show_head(now)

    def use_room(self, now: float) -> None:
        """Lay out the panes for the new size."""
        if self.page == 0 and not self.in_reading:
            self._arrange()
        self._keep()
        self.lay_out(now)

    def lay_out(self, now: float) -> None:
        """Show the panes of the current page."""
        if self.zoomed in self.panes:
            columns = rows = 1
            self.page, self.pages = self._order.index(self.zoomed), len(self._order)
        else:
            columns, rows = self._fit()
            self.pages = max(1, ceil(len(self._order) / (columns * rows)))
            self.page = min(self.page, self.pages - 1)
        first = self.page * columns * rows
        self._in_sight = self._order[first : first + columns * rows]
        self._grid.columns, self._grid.rows = columns, rows
        self._grid.places = {self.panes[key]: at for at, key in enumerate(self._in_sight)}
        for key, pane in self.panes.items():
            pane.zoomed = key == self.zoomed
            if pane not in self._grid.places:
                pane.display = False
            elif pane.display:
                self._show(pane, now)
        self._draw_hidden(now)
        for pane in self.visible_panes[:1]:
            # Textual's layout requests rearrange a widget's parent, not the widget itself.
            pane.refresh(repaint=False, layout=True)
        self.post_message(self.Paged(self.page, self.pages))

    def _draw_hidden(self, now: float) -> None:
        """Draw visible panes that aren't drawn yet, a few at a time so that keys aren't delayed."""
        hidden = [pane for pane in self.visible_panes if not pane.display]
        for pane in hidden[:_AT_ONCE]:
            pane.display = True
            self._show(pane, now)
        if len(hidden) > _AT_ONCE:
            self.call_after_refresh(self._draw_hidden, now)

    def turn(self, pages: int, now: float) -> None:
        """Go to another page, or another lane if one is maximized."""
        if self.zoomed is not None:
            place = (self._order.index(self.zoomed) + pages) % len(self._order)
            self.zoom(self._order[place], now)
        elif self.pages > 1:
            self.kept = None
            self.page = (self.page + pages) % self.pages
            self.lay_out(now)

    def zoom(self, key: LaneKey | None, now: float) -> None:
        """Maximize one lane; None restores all."""
        before, self.zoomed = self.zoomed, key
        if key is None and before is not None:
            self.reveal(before, now)
            return
        self.lay_out(now)
        if key is not None:
            self.panes[key].log_pane.focus()

    def reveal(self, key: LaneKey, now: float) -> None:
        """Go to the page with a lane."""
        if self.zoomed is not None:
            self.zoomed = key
        elif key in self.panes:
            self.kept = key
            self._keep()
        self.lay_out(now)

    def _keep(self) -> None:
        if self.kept is not None:
            columns, rows = self._fit()
            self.page = self._order.index(self.kept) // (columns * rows)

    def switch_order(self, now: float) -> None:
        """Switch between busiest first and plan order."""
        self.busiest_first = not self.busiest_first
        self.page, self._seen, self.kept = 0, False, None
        self._arrange()
        self.lay_out(now)

    def show_own(self, key: LaneKey, now: float, *, own: bool) -> None:
        """Switch a pane between the lane's log and its target's own log."""
        pane = self.panes[key]
        if own != pane.own:
            pane.own = own
            self._show(pane, now)

    def on_resize(self, event: events.Resize) -> None:
        """Request a layout from the screen, which knows the current time."""
        event.stop()
        self.post_message(self.Resized())

    @on(LogPane.Shaped)
    def log_shaped(self, message: LogPane.Shaped) -> None:
        """Apply one log's wrapping and timestamps to all."""
        message.stop()
        view, drawing = message.pane.view, message.pane.drawing
        for pane in self.panes.values():
            if pane.log_pane is not message.pane:
                pane.log_pane.shape(view.wrap, drawing.stamps)

    def _fit(self) -> tuple[int, int]:
        return fit(len(self.panes), self.size.width, self.size.height)

    def _arrange(self) -> bool:
        """Order the lanes; return whether any changed its place."""
        if self._state is None or not self.size:
            return False
        standing = {lane.key: lane.status for lane in self._state.lanes}
        columns, rows = self._fit()
        before = self._order
        if not self.busiest_first:
            self._order = list(standing)
        elif self._seen:
            self._order = busiest_first(before, standing, columns * rows)
        else:
            self._order = begin_busiest_first(standing, columns * rows)
        self._seen = True
        if self._order == before:
            return False
        places = {self.panes[key]: place for place, key in enumerate(self._order)}
        self.sort_children(key=lambda pane: places[pane])  # type: ignore[index]
        return True

    def _show(self, pane: LanePane, now: float) -> None:
        state = self._state
        lane = state.lane(*pane.lane.key) if state is not None else None
        if lane is not None:
            pane.show(lane, now)
