"""The panes of a run: live ones of what is worked on, or a grid of all in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import ceil

from textual import events, on
from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.checks.catalog import checks_for, in_order
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.run.state import LaneState, RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.run.live_slots import (
    Activity,
    LaneKey,
    Watched,
    allocate,
    first_lane,
    watched,
)

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


# The minimum size of a readable log in the grid, and of a live pane.
LEAST = Size(38, 6)
LEAST_LIVE = Size(56, 8)
# The usual length of a line, and that of a list of checks.
_LINE, _LIST = 90, 56
# Panes to show per frame; more would delay keys.
_AT_ONCE = 6


def most_places(width: int, height: int, least: Size) -> tuple[int, int]:
    """Return the numbers of columns and rows that have at least the minimum size."""
    return max(1, (width + 1) // (least.width + 1)), max(1, height // least.height)


def fit(
    lanes: int, width: int, height: int, least: Size = LEAST, good: int = _LINE
) -> tuple[int, int]:
    """Return columns and rows for a number of lanes: all if they fit, else even pages.

    More width than `good` isn't worth anything.
    """
    most_columns, most_rows = most_places(width, height, least)
    pages = max(1, ceil(lanes / (most_columns * most_rows)))
    shown = max(1, ceil(lanes / pages))
    best, most = (1, 1), -1.0
    for columns in range(1, most_columns + 1):
        rows = ceil(shown / columns)
        if rows > most_rows:
            continue
        # Prefer width to height, up to a good length of lines, and avoid empty places.
        worth = min(1.0, width / columns / good) * min(1.0, height / rows / 16)
        worth *= shown / (columns * rows)
        if worth > most:
            best, most = (columns, rows), worth
    return best


def live_least(width: int) -> Size:
    """Return the minimum size of a live pane: two fit side by side into 80 columns."""
    return LEAST_LIVE if width > 2 * LEAST_LIVE.width else Size(LEAST.width, LEAST_LIVE.height)


class LanePanes(Container):
    """The panes of a run; those that were never visible aren't created.

    By default, those of the images that are worked on; with `shows_all`, all in pages.
    """

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
        self.live = False
        self.shows_all = False
        self.zoomed: LaneKey | None = None
        self.page = 0
        self.pages = 1
        self.busiest_first = False
        self.order: list[LaneKey] = []
        self._plan: dict[LaneKey, int] = {}
        self._in_sight: list[LaneKey] = []
        self._slots: list[LaneKey] = []
        # Until something happens after the opening, places are given in plan order.
        self._initial: list[LaneKey] = []
        self._settled = False
        self._active: dict[LaneKey, Watched] = {}
        # The last revealed lane stays visible until the user turns the page, whatever the size.
        self.kept: LaneKey | None = None
        self._grid = LaneGrid()
        self.styles.set_rule("layout", self._grid)
        self._state: RunState | None = None
        self._seen = False
        self._now = 0.0
        # What is expected of each lane, as far as known.
        self.expectations: dict[LaneKey, Expectation] = {}

    async def open_run(self, state: RunState, now: float, target: str, *, live: bool) -> None:
        """Show the lanes of another run; those of a `live` one with the busiest first.

        If nothing is worked on, the lanes of `target` are shown.
        """
        self._in_sight = []
        await self.remove_children()
        self._state, self.zoomed, self.page, self.kept = state, None, 0, None
        self.panes = {}
        self.order = [lane.key for lane in state.lanes]
        self._plan = {key: place for place, key in enumerate(self.order)}
        self._active = {}
        self.live = live
        self._watch(state.lanes)
        first = first_lane(state, target)
        self._initial = self._with_siblings(first) if first is not None else []
        self._slots, self._settled = [], False
        self.busiest_first, self._seen = live, False
        self._arrange()
        self.lay_out(now)

    def with_pane(self, key: LaneKey, do: Callable[[LanePane], object]) -> None:
        """Call `do` with the pane of a lane, as soon as it is mounted."""
        pane = self.panes.get(key)
        if pane is None:
            pane = self._create(key)
            self.mount(pane)
        pane.when_mounted(do)

    def _create(self, key: LaneKey) -> LanePane:
        lane = self._lane(key)
        assert lane is not None
        pane = self.panes[key] = LanePane(lane)
        if (expected := self.expectations.get(key)) is not None:
            pane.expected = tuple(in_order(checks_for(expected)))
        shaped = next((one.log_pane for one in self.panes.values() if one.ready), None)
        if shaped is not None:
            wrap, stamps = shaped.view.wrap, shaped.drawing.stamps
            pane.when_mounted(lambda new: new.log_pane.shape(wrap, stamps))
        return pane

    def _lane(self, key: LaneKey) -> LaneState | None:
        return self._state.lane(*key) if self._state is not None else None

    @property
    def visible_panes(self) -> list[LanePane]:
        """The visible panes, by place."""
        return [self.panes[key] for key in self._in_sight if key in self.panes]

    @property
    def focused_key(self) -> LaneKey | None:
        """The lane whose log has the focus."""
        found = (key for key, pane in self.panes.items() if pane.log_pane.has_focus)
        return next(found, None)

    @property
    def in_reading(self) -> bool:
        """Return whether the user is reading: a log is focused, maximized or scrolled up."""
        return self.zoomed is not None or any(pane.in_reading for pane in self.visible_panes)

    def refresh_lanes(
        self, keys: Iterable[LaneKey], now: float, *, live: bool, anew: bool = False
    ) -> None:
        """Update the visible ones of the named lanes, and show busier lanes.

        `anew`: the output from before the run was opened is still being read.
        """
        keys = list(keys)
        if live and not self.live and self._state is not None:
            self.live = live
            self._watch(self._state.lanes)
        self._watch(lane for key in keys if (lane := self._lane(key)) is not None)
        self._seen = self._seen and not anew
        self._settled = self._settled or not anew
        if self.zoomed is None:
            if not self.shows_all:
                if self._allocated() != self._slots:
                    self.lay_out(now)
            elif self.busiest_first and self.page == 0 and not self.in_reading and self._arrange():
                self.lay_out(now)
        for key in keys:
            pane = self.panes.get(key)
            if pane is not None and pane.display:
                self._show(pane, now)

    def _watch(self, lanes: Iterable[LaneState]) -> None:
        """Update what is worked on and what has failed; the rest needs no pane.

        Nobody works on what is read of a finished run.
        """
        for lane in lanes:
            told = watched(lane)
            if not self.live or told.activity in {Activity.QUEUED, Activity.FINISHED}:
                self._active.pop(lane.key, None)
            else:
                self._active[lane.key] = told

    def _allocated(self) -> list[LaneKey]:
        """Return the lanes that have a live pane, by place."""
        columns, rows = most_places(*self.size, live_least(self.size.width))
        places = columns * rows
        pinned = [key for key in self._slots if key in self.panes and self.panes[key].in_reading]
        wanted: list[LaneKey] = []
        if self.kept is not None:
            wanted = self._with_siblings(self.kept)[: max(1, places // 2)]
        in_order = sorted(self._active, key=lambda key: self._plan[key])
        active = {key: self._active[key] for key in in_order}
        if self._settled or pinned:
            return allocate(self._slots, active, places, pinned=pinned, wanted=wanted)
        found = allocate([], active, places, wanted=wanted) or self._initial[:places]
        return sorted(found, key=lambda key: self._plan[key])

    def _with_siblings(self, key: LaneKey) -> list[LaneKey]:
        """Return a lane and the others of its target; one stopped by another says nothing."""
        target = self._state.targets.get(key[0]) if self._state is not None else None
        lanes = target.lanes.values() if target is not None else ()
        others = [lane.key for lane in lanes if lane.status is not Status.CANCELLED]
        return [key, *(other for other in others if other != key)]

    def flush(self, keys: Iterable[LaneKey]) -> None:
        """Show new lines of the visible ones of the named lanes."""
        for key in keys:
            pane = self.panes.get(key)
            if pane is not None and pane.display and pane.ready:
                pane.log_pane.flush()

    def tick(self, now: float) -> None:
        """Update the times in running lanes."""
        for pane in self.visible_panes:
            if not pane.lane.status.is_over and pane.ready:
                pane.tick(now)

    def use_room(self, now: float) -> None:
        """Lay out the panes for the new size."""
        if self.page == 0 and not self.in_reading:
            self._arrange()
        self._keep()
        self.lay_out(now)

    def lay_out(self, now: float) -> None:
        """Show the panes of the current page, or the live ones."""
        if not self.size:
            return
        self._now = now
        columns, rows = self._choose()
        self._grid.columns, self._grid.rows = columns, rows
        new = [self._create(key) for key in self._in_sight if key not in self.panes]
        if new:
            self.mount(*new)
        self._grid.places = {self.panes[key]: at for at, key in enumerate(self._in_sight)}
        self._sort()
        for key, pane in self.panes.items():
            pane.zoomed = key == self.zoomed
            pane.lists_checks = not self.shows_all and self.zoomed is None
            if pane not in self._grid.places:
                pane.display = False
            elif pane.display:
                self._show(pane, now)
        self._draw_hidden(now)
        for pane in self.visible_panes[:1]:
            # Textual's layout requests rearrange a widget's parent, not the widget itself.
            pane.refresh(repaint=False, layout=True)
        self.post_message(self.Paged(self.page, self.pages))

    def _flush_visible(self) -> None:
        """Show lines that came before a pane had its size."""
        self.flush(self._in_sight)

    def _choose(self) -> tuple[int, int]:
        """Choose the lanes in sight; return the numbers of columns and rows for them."""
        if self.zoomed in self._plan:
            self.page, self.pages = self.order.index(self.zoomed), len(self.order)
            self._in_sight = [self.zoomed]
            return 1, 1
        if self.shows_all:
            columns, rows = self._fit()
            self.pages = max(1, ceil(len(self.order) / (columns * rows)))
            self.page = min(self.page, self.pages - 1)
            first = self.page * columns * rows
            self._in_sight = self.order[first : first + columns * rows]
            return columns, rows
        self.page, self.pages = 0, 1
        self._slots = self._allocated()
        self._in_sight = list(self._slots)
        return fit(len(self._slots), *self.size, live_least(self.size.width), _LIST)

    def _draw_hidden(self, now: float) -> None:
        """Draw visible panes that aren't drawn yet, a few at a time so that keys aren't delayed."""
        hidden = [pane for pane in self.visible_panes if not pane.display]
        for pane in hidden[:_AT_ONCE]:
            pane.display = True
            self._show(pane, now)
        if len(hidden) > _AT_ONCE:
            self.call_after_refresh(self._draw_hidden, now)
        self.call_after_refresh(self._flush_visible)

    def show_all(self, now: float, *, shows_all: bool) -> None:
        """Switch between all panes and the live ones."""
        self.shows_all, self.zoomed = shows_all, None
        self._keep()
        self.use_room(now)

    def turn(self, pages: int, now: float) -> None:
        """Go to another page, or another lane if one is maximized."""
        if self.zoomed is not None:
            place = (self.order.index(self.zoomed) + pages) % len(self.order)
            self.zoom(self.order[place], now)
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
            self.with_pane(key, LanePane.read_log)

    def reveal(self, key: LaneKey, now: float) -> None:
        """Go to the page with a lane, or give it a live pane."""
        if self.zoomed is not None:
            self.zoomed = key
        elif key in self._plan:
            self.kept = key
            if not self.live:
                # Nothing else is going on.
                self._slots = []
            self._keep()
        self.lay_out(now)

    def _keep(self) -> None:
        if self.kept is not None and self.shows_all:
            columns, rows = self._fit()
            self.page = self.order.index(self.kept) // (columns * rows)

    def switch_order(self, now: float) -> None:
        """Switch between busiest first and plan order."""
        self.busiest_first = not self.busiest_first
        self.page, self._seen, self.kept = 0, False, None
        self._arrange()
        self.lay_out(now)

    def show_own(self, key: LaneKey, now: float, *, own: bool) -> None:
        """Switch a pane between the lane's log and its target's own log."""

        def switch(pane: LanePane) -> None:
            if own != pane.own:
                pane.own = own
                self._show(pane, now)

        self.with_pane(key, switch)

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
            if pane.log_pane is not message.pane and pane.ready:
                pane.log_pane.shape(view.wrap, drawing.stamps)

    def _fit(self) -> tuple[int, int]:
        return fit(len(self.order), self.size.width, self.size.height)

    def _arrange(self) -> bool:
        """Order the lanes of the grid; return whether any changed its place."""
        if self._state is None or not self.size or not self.shows_all:
            return False
        standing = {lane.key: lane.status for lane in self._state.lanes}
        columns, rows = self._fit()
        before = self.order
        if not self.busiest_first:
            self.order = list(standing)
        elif self._seen:
            self.order = busiest_first(before, standing, columns * rows)
        else:
            self.order = begin_busiest_first(standing, columns * rows)
        self._seen = True
        return self.order != before

    def _sort(self) -> None:
        """Put the panes into the order of their places, which Tab follows."""
        places: dict[Widget, int] = {pane: len(self._plan) for pane in self.panes.values()}
        places |= self._grid.places
        found = [places[child] for child in self.children if child in places]
        if found != sorted(found):
            self.sort_children(key=lambda pane: places.get(pane, 0))

    def _show(self, pane: LanePane, now: float) -> None:
        pane.when_mounted(partial(self._show_now, now=now))

    def _show_now(self, pane: LanePane, now: float) -> None:
        lane = self._lane(pane.lane.key)
        if lane is not None:
            pane.show(lane, now)
