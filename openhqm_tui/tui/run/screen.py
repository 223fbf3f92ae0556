"""The Run screen: a board of all targets, and live panes of what is worked on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from textual import on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run.decisions import to_retry
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import Changes
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.garbage import freeze
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.actions import (
    LANES_ONLY,
    cancel,
    page_log,
    possible,
    resume,
    retry,
)
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.header import (
    InterruptedPanel,
    NoRunMessage,
    PagesLine,
    TotalsLine,
)
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.run.live_slots import LaneKey, first_lane, same_cause
from openhqm_tui.tui.run.search import Hit, SearchScreen, run_logs, show_hit, show_step
from openhqm_tui.tui.steps.view import StepView
from openhqm_tui.tui.steps.waterfall import Waterfall
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.filter_bar import FilterBar


class RunScreen(BaseScreen):
    """The board, panes below it, and a failure panel."""

    PLACE = "run"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("run")
    AUTO_FOCUS = "Board"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-low"), (34, "-high")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._shown: RunState | None = None
        self._failure_seen = False
        self._digest_hidden = False
        # The lane revealed for the selected target.
        self._brought: LaneKey | None = None

    def body(self) -> Iterable[Widget]:
        """Yield board, panes and failure panel, or a message that no run is open."""
        yield NoRunMessage(id="no-run")
        yield InterruptedPanel()
        yield Vertical(
            TotalsLine(id="totals"),
            FilterBar(),
            Board(),
            LanePanes(id="panes"),
            PagesLine(id="pages"),
            StepView(id="steps"),
            FailurePanel(),
            id="run",
        )

    @property
    def state(self) -> RunState | None:
        """The state of the open run."""
        return self.session.run_state

    @property
    def only_read(self) -> bool:
        """Return whether the open run takes no requests: a replay or an imported run."""
        folder = self.session.run_folder
        return self.session.player is not None or (folder is not None and folder.is_imported)

    @property
    def _is_executed(self) -> bool:
        """Return whether the open run is executed or replayed; one that has ended is also read."""
        folder = self.session.run_folder
        return self.session.player is not None or (folder is not None and folder.is_live())

    @property
    def chosen(self) -> TargetState | None:
        """The selected target."""
        name = self.query_one(Board).chosen
        return self.state.targets.get(name) if self.state is not None else None

    async def catch_up(self) -> None:
        """Show the open run."""
        state = self.state
        self.query_one("#no-run").display = state is None
        self.query_one("#run").display = state is not None
        if state is None:
            self.query_one(InterruptedPanel).show(None)
            return
        if state is not self._shown:
            await self._open(state)
        self.query_one(LanePanes).use_room(self.now)
        self._show_targets(state)
        self._first_failure(state)
        self._show_digest()
        self.refresh_bindings()

    async def _open(self, state: RunState) -> None:
        targets, panes = self.query_one(Board), self.query_one(LanePanes)
        # A resumed run is read again, but the user stays at the same place; a restarted replay
        # starts over.
        again = self._shown is not None and self._shown.info.id == state.info.id
        again = again and self.session.player is None
        another = self._shown is not None
        zoomed, self._shown = panes.zoomed, state
        if not again:
            self._failure_seen, self._digest_hidden, self._brought = False, False, None
            targets.chosen, zoomed = _first_target(state, live=self._is_executed), None
            self.query_one(FilterBar).clear()
        self._show_targets(state)
        panes.expectations = _expectations(self.session.run_folder)
        await panes.open_run(state, self.now, targets.chosen, live=self._is_executed)
        if not another:
            self._restore_view()
        if zoomed is not None:
            panes.zoom(zoomed, self.now)
        elif not (panes.shows_all or self.steps_shown):
            targets.focus()
        self._show_room()
        if not self.app.is_headless:
            self.call_after_refresh(freeze, again=another)

    def _restore_view(self) -> None:
        """Show the view that was chosen last."""
        view = self.session.backend.run_view()
        if view == "panes":
            self.action_grid()
        elif view == "steps" and not self.steps_shown:
            self.action_steps()

    def _remember_view(self) -> None:
        shows_all = self.query_one(LanePanes).shows_all
        view = "steps" if self.steps_shown else "panes" if shows_all else "board"
        self.session.backend.remember_run_view(view)

    async def run_moved(self, changes: Changes) -> None:
        """Update what has changed."""
        state = self.state
        if state is None or state is not self._shown:
            await self.catch_up()
            return
        panes = self.query_one(LanePanes)
        if changes.standing:
            targets = (state.targets[name] for name in changes.standing if name in state.targets)
            lanes = [lane.key for target in targets for lane in target.lanes.values()]
            live = panes.live or self._is_executed
            panes.refresh_lanes(lanes, self.now, live=live, anew=changes.first)
            self._show_targets(state)
            self._first_failure(state)
            self._bring_failed(state)
            self._show_digest()
        panes.flush(changes.lanes)
        if changes.events or not state.in_progress:
            self.refresh_bindings()

    def second_passed(self) -> None:
        """Update elapsed times."""
        state = self.state
        if state is not None and state is self._shown:
            self.query_one(LanePanes).tick(self.now)
            self._show_targets(state)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide or gray out unavailable commands."""
        if not self.is_built:
            return True
        panes = self.query_one(LanePanes)
        if (self.steps_shown and action in LANES_ONLY) or (action == "resume" and self.only_read):
            return False
        return possible(
            action,
            self.state,
            self.chosen,
            live=self.session.run_is_live,
            pages=panes.pages,
            zoomed=panes.zoomed is not None,
        )

    @on(Board.Chosen)
    def target_chosen(self, message: Board.Chosen) -> None:
        """Show the selected target's lanes, and why it failed."""
        if self.state is not None and (key := first_lane(self.state, message.target)):
            self._brought = key
            self.query_one(LanePanes).reveal(key, self.now)
        self._show_steps()
        self._show_digest()
        self.refresh_bindings()

    @on(Board.Filter)
    def filter_asked(self) -> None:
        """Type words that filter the targets."""
        self.query_one(FilterBar).open()
        self._filter()

    @on(FilterBar.Changed)
    def _filter(self) -> None:
        bar = self.query_one(FilterBar)
        bar.tell(*self.query_one(Board).filter(bar.words), "target")

    @on(FilterBar.Left)
    def filter_left(self, message: FilterBar.Left) -> None:
        """Return to the board."""
        targets = self.query_one(Board)
        targets.focus()
        targets.action_move(message.steps)

    @on(Board.Zoom)
    def target_zoomed(self) -> None:
        """Maximize the first pane of the selected target."""
        if self.steps_shown:
            self.action_steps()
        self.action_zoom()

    @on(LogPane.Zoom)
    def lane_zoomed(self, message: LogPane.Zoom) -> None:
        """Maximize or restore the pane."""
        if isinstance(message.pane.parent, LanePane):
            self._zoom(message.pane.parent.lane.key)

    @on(LanePanes.Resized)
    def room_changed(self) -> None:
        """Lay out the panes again."""
        self.query_one(LanePanes).use_room(self.now)

    @on(LanePanes.Paged)
    def page_turned(self) -> None:
        """Update the line below the panes."""
        self._show_pages()
        self.refresh_bindings()

    def _show_pages(self) -> None:
        self.query_one(PagesLine).show_panes(self.query_one(LanePanes), own=self._own_shown)

    def on_descendant_focus(self) -> None:
        """Select the target of the focused lane."""
        panes, targets = self.query_one(LanePanes), self.query_one(Board)
        key = panes.focused_key
        if key is not None and key[0] != targets.chosen:
            targets.mark(key[0])
            self._show_digest()
            self.refresh_bindings()
        self._show_pages()

    def action_zoom(self) -> None:
        """Maximize or restore a pane."""
        if (key := self._lane_meant()) is not None:
            self._zoom(key)

    def action_unzoom(self) -> None:
        """Restore all panes."""
        panes = self.query_one(LanePanes)
        if panes.zoomed is not None:
            panes.zoom(None, self.now)
            self._show_room()
        elif panes.shows_all:
            self.action_grid()
        else:
            self.query_one(Board).focus()

    def action_grid(self) -> None:
        """Switch between all panes and the board."""
        panes = self.query_one(LanePanes)
        if self.steps_shown:
            self.action_steps()
        panes.show_all(self.now, shows_all=not panes.shows_all)
        self._show_room()
        if panes.shows_all:
            for pane in panes.visible_panes[:1]:
                pane.when_mounted(LanePane.read_log)
        else:
            self.query_one(Board).focus()
        self._remember_view()
        self.refresh_bindings()

    @property
    def steps_shown(self) -> bool:
        """Return whether steps are shown instead of panes."""
        return self.has_class("-steps")

    def action_steps(self) -> None:
        """Switch between the panes and the target's steps."""
        self.toggle_class("-steps")
        self._show_steps()
        self.query_one(Waterfall if self.steps_shown else Board).focus()
        self._remember_view()
        self.refresh_bindings()

    @on(StepView.Left)
    def steps_left(self) -> None:
        """Switch back to the panes."""
        self.action_steps()

    @on(StepView.Chosen)
    def steps_chosen(self, message: StepView.Chosen) -> None:
        """Select the target whose steps are shown."""
        self.query_one(Board).choose(message.target)

    @on(StepView.Opened)
    def step_opened(self, message: StepView.Opened) -> None:
        """Show the log of a step at its start."""
        self.action_steps()
        if self.state is not None:
            panes = self.query_one(LanePanes)
            show_step(panes, self.state, (message.target, message.platform), message.step, self.now)

    def action_search_lanes(self) -> None:
        """Search the logs of all lanes."""
        if self.state is not None:
            focused = self.focused
            text = focused.searched_for if isinstance(focused, LogPane) else ""
            screen = SearchScreen(lambda: run_logs(self.state), text)
            self.app.push_screen(screen, self._hit_chosen)

    def _hit_chosen(self, hit: Hit | None) -> None:
        if hit is not None and self.state is not None:
            if self.steps_shown:
                self.action_steps()
            show_hit(self.query_one(LanePanes), self.state, hit, self.now)

    def action_page(self, by: int) -> None:
        """Go to another page."""
        self.query_one(LanePanes).turn(by, self.now)

    def action_order(self) -> None:
        """Switch between busiest first and plan order."""
        self.query_one(LanePanes).switch_order(self.now)

    def action_own_log(self) -> None:
        """Switch between the image's log and the build setup log."""
        if (key := self._lane_meant()) is not None:
            panes = self.query_one(LanePanes)
            panes.show_own(key, self.now, own=not self._own_shown)
            panes.lay_out(self.now)

    def action_target(self, by: int) -> None:
        """Select another target, wherever the focus is."""
        self.query_one(Board).action_move(by)

    def action_digest(self) -> None:
        """Show or hide the failure panel."""
        self._digest_hidden = not self._digest_hidden
        self._show_digest()

    def action_cancel_target(self) -> None:
        """Cancel the selected target after confirmation."""
        cancel(self.session, self.query_one(Board).chosen)

    def action_cancel_run(self) -> None:
        """Cancel the run after confirmation."""
        cancel(self.session, "")

    def action_retry_target(self) -> None:
        """Retry the selected target."""
        retry(self.session, [self.query_one(Board).chosen])

    def action_retry_all(self) -> None:
        """Retry all targets that failed or were stopped."""
        if self.state is not None:
            retry(self.session, to_retry(self.state))

    def action_resume(self) -> None:
        """Resume the run."""
        resume(self.session)

    def action_page_log(self) -> None:
        """Open the selected target's full log in a pager."""
        target, folder = self.chosen, self.session.run_folder
        if target is not None and folder is not None:
            reading = page_log(self.session, folder, target)
            self.run_worker(reading, exclusive=True, group="pager")

    def _zoom(self, key: LaneKey) -> None:
        panes = self.query_one(LanePanes)
        panes.zoom(None if panes.zoomed == key else key, self.now)
        self._show_room()

    def _show_room(self) -> None:
        """Leave the room of the board to panes that are to have it all."""
        panes = self.query_one(LanePanes)
        self.set_class(panes.shows_all or panes.zoomed is not None, "-panes-only")

    def _lane_meant(self) -> LaneKey | None:
        """Return the focused lane, else the maximized one, else one of the selected target."""
        panes = self.query_one(LanePanes)
        key = panes.focused_key or panes.zoomed
        if key is None and self.state is not None:
            key = first_lane(self.state, self.query_one(Board).chosen)
        # Another run may already be open whose lanes aren't on screen yet.
        return key if key in panes.order else None

    @property
    def _own_shown(self) -> bool:
        key = self._lane_meant()
        pane = self.query_one(LanePanes).panes.get(key) if key is not None else None
        return pane is not None and pane.own

    def _first_failure(self, state: RunState) -> None:
        """Select the first target that fails, once."""
        targets = state.targets.values()
        failed = next((target for target in targets if target.status is Status.FAILED), None)
        if self._failure_seen or failed is None:
            return
        self._failure_seen = True
        if self._is_busy:
            words = f"✗ {failed.name} failed; select the target to see why"
            self.notify(words, severity="error", markup=False)
            return
        board = self.query_one(Board)
        board.choose(failed.name)
        if board.display:
            board.focus()

    def _bring_failed(self, state: RunState) -> None:
        """Show the failed lane instead of its target's first.

        The end of a target is reported before all of its output is read: which platform failed
        becomes known later.
        """
        panes = self.query_one(LanePanes)
        key = first_lane(state, self.query_one(Board).chosen)
        brought = self._brought
        if brought and key and key != brought == panes.kept and not panes.in_reading:
            self._brought = key
            panes.reveal(key, self.now)

    @property
    def _is_busy(self) -> bool:
        """Return whether the user is typing, in a dialog, or reading what would be replaced."""
        panes = self.query_one(LanePanes)
        scrolled_up = any(not pane.log_pane.following for pane in panes.visible_panes)
        typing = isinstance(self.focused, Input) or len(self.app.screen_stack) > 1
        return typing or scrolled_up or self.steps_shown or panes.zoomed is not None

    def _show_digest(self) -> None:
        target = None if self._digest_hidden else self.chosen
        panel = self.query_one(FailurePanel)
        same = same_cause(self.state, target) if self.state and target else ()
        panel.show_of(target, self.session.run_folder, same)
        self.set_class(panel.has_class("-shown"), "-failure")

    def _show_steps(self) -> None:
        if self.steps_shown and self.state is not None and self.chosen is not None:
            self.query_one(StepView).show(self.state, self.chosen.name, self.now)

    def _show_targets(self, state: RunState) -> None:
        left = self.session.estimates.time_left
        self.query_one(Board).show(state, self.now, left)
        self._show_steps()
        self.query_one(TotalsLine).show(state, left)
        self.query_one(InterruptedPanel).show(state, resumable=not self.only_read)


def _first_target(state: RunState, *, live: bool) -> str:
    """Return the first target that is worked on, else the first."""
    going = {Status.RUNNING, Status.CHECKING} if live else set()
    working = (name for name, target in state.targets.items() if target.status in going)
    return next(working, next(iter(state.targets), ""))


def _expectations(folder: RunFolder | None) -> dict[LaneKey, Expectation]:
    """Return what is expected of each lane, as far as known."""
    try:
        return folder.expectations() if folder is not None else {}
    except (OSError, msgspec.MsgspecError, Problem):
        return {}
