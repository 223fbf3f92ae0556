"""Search in the logs of all images of a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.patterns import parse_pattern
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import step_label
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.run.live_slots import LaneKey, first_lane
from openhqm_tui.tui.run.search_results import HitList, LanesSearch, Source

_SLICE_SECONDS = 0.008
_PAUSE_SECONDS = 0.002
# Intervals for polling growing logs, and for redrawing during a long search.
_LOOK_SECONDS = 0.1


class Hit(NamedTuple):
    """A chosen line: its position, and the search that found it."""

    source: Source
    line: int
    pattern: re.Pattern[str]


class SearchScreen(ModalScreen[Hit | None]):
    """Returns the chosen line; None if closed."""

    CSS_PATH = "search.tcss"
    BINDINGS: ClassVar = [*bindings("search"), *bindings("dialog")]

    def __init__(self, sources: Callable[[], list[Source]], text: str = "") -> None:
        super().__init__()
        self._sources = sources
        self._text = text
        self._search = LanesSearch(sources(), monotonic)
        self._list = HitList(self._search)
        self._problem = ""
        self._drawn = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Build field, count and list."""
        with Vertical(id="search"):
            with Horizontal(id="search-line"):
                yield Static("/", id="search-sign")
                yield Input(self._text, compact=True, placeholder="regular expression")
                yield Static("✕", id="search-close")
            yield Static(id="search-sum")
            yield self._list
            yield Static("Enter opens · Esc closes · ↑↓ match · Tab next log", id="search-keys")

    def on_mount(self) -> None:
        """Start searching and polling the logs."""
        self.query_one(Input).focus()
        self.set_interval(_LOOK_SECONDS, self._look_again)
        self._show()

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Search for the current input."""
        self._problem = ""
        try:
            pattern = parse_pattern(event.value) if event.value else None
        except Problem as problem:
            pattern, self._problem = None, str(problem)
        self._search.search(pattern)
        self._list.restart()
        self._work()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Open the selected line."""
        self.action_open()

    @on(HitList.Opened)
    def clicked(self) -> None:
        """Open the clicked line."""
        self.action_open()

    def on_click(self, event: events.Click) -> None:
        """Close on a click on the cross."""
        if event.widget is not None and event.widget.id == "search-close":
            self.action_close()

    def action_open(self) -> None:
        """Return the selected line."""
        place, pattern = self._list.chosen, self._search.pattern
        if place is not None and pattern is not None:
            source = self._search.sources[place.source]
            self.dismiss(Hit(source, self._search.line(place), pattern))

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Select another line."""
        self._list.move(rows)

    def action_pages(self, pages: int) -> None:
        """Move the selection by pages."""
        self._list.move(pages * max(1, self._list.size.height - 1))

    def action_lane(self, direction: int) -> None:
        """Select the first match of another log."""
        self._list.move_lanes(direction)

    def _look_again(self) -> None:
        anew = self._search.renew(self._sources())
        if anew or (not self._search.done and self._timer is None):
            self._work()

    def _work(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        more = self._search.advance(_SLICE_SECONDS)
        if not more or monotonic() - self._drawn > _LOOK_SECONDS:
            self._show()
        if more and self.is_attached:
            self._timer = self.set_timer(_PAUSE_SECONDS, self._work)

    def _show(self) -> None:
        self._drawn = monotonic()
        counts = self._search.counts
        lanes = len(self._search.sources)
        if self._problem:
            words = Content.styled(f"✗ {self._problem}", "$text-error")
        elif self._search.pattern is None:
            words = Content.styled(
                f"Type to search {count_text(lanes, 'log')}.", "$foreground-muted"
            )
        else:
            logs = count_text(lanes, "log")
            words = Content(f"no matches in {logs}")
            if found := sum(map(bool, counts)):
                total = count_text(sum(counts), "line")
                words = Content.assemble((total, "bold"), f" in {found} of {logs}")
            if not self._search.done:
                words += Content.styled(" · searching…", "$foreground-muted")
        self.query_one("#search-sum", Static).update(words, layout=False)
        self._list.refresh()


def run_logs(state: RunState | None) -> list[Source]:
    """Return the logs of a run: for each target those of its lanes, then its own."""
    found: list[Source] = []
    for target in state.targets.values() if state is not None else ():
        name = partial(step_label, target)
        for lane in target.lanes.values():
            found.append(Source(target.name, str(lane.platform), lane.log, name))
        found.append(Source(target.name, "", target.log, name))
    return found


def show_hit(panes: LanePanes, state: RunState, hit: Hit, now: float) -> None:
    """Show the log with a found line, at that line."""
    target, platform, log, _ = hit.source
    lane = state.lane(target, platform)
    key = lane.key if lane is not None else first_lane(state, target)
    if key is None:
        return
    panes.show_own(key, now, own=not platform)
    panes.reveal(key, now)

    def go(found: LanePane) -> None:
        found.read_log()
        # A retried target has a new log.
        if found.log_pane.log_lines is log:
            found.log_pane.show_found(hit.line, hit.pattern)

    panes.with_pane(key, go)


def show_step(
    panes: LanePanes, state: RunState, lane: LaneKey, step: int | None, now: float
) -> None:
    """Show the log of a step, at its start.

    Output without a lane is in the target's own log.
    """
    known = state.lane(*lane)
    key = known.key if known is not None else first_lane(state, lane[0])
    if key is not None:
        panes.show_own(key, now, own=known is None)
        panes.zoom(key, now)
        panes.with_pane(key, lambda pane: pane.log_pane.show_step(step))
