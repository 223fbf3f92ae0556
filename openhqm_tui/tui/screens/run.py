"""Place 2, Run: all builds side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.failures import failure_of
from openhqm_tui.domain.state import RunState, Status
from openhqm_tui.run.follow import Changes
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.screens.dialogs import Ask
from openhqm_tui.tui.screens.place import Place
from openhqm_tui.tui.widgets.failure_panel import FailurePanel
from openhqm_tui.tui.widgets.lane_panes import LaneKey, LanePane, LanePanes
from openhqm_tui.tui.widgets.log_pane import LogPane
from openhqm_tui.tui.widgets.target_list import TargetList
from openhqm_tui.tui.words import clock, count, path_words, when


class RunScreen(Place):
    """Targets on the left, their lanes' logs on the right, why one failed below."""

    PLACE = "run"
    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar = bindings("run")
    AUTO_FOCUS = "TargetList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._shown: RunState | None = None
        self._failure_seen = False
        self._digest_hidden = False

    def body(self) -> Iterable[Widget]:
        """Yield list, panes and digest, or the word that there is no run."""
        yield Static(
            Content.assemble(
                ("No run is open.\n\n", "bold"),
                ("1", "$primary bold"),
                " Plan chooses what to build · ",
                ("4", "$primary bold"),
                " History opens an earlier run",
            ),
            id="no-run",
        )
        yield Horizontal(
            Vertical(
                VerticalScroll(TargetList(), id="targets-box", can_focus=False),
                Static(id="run-facts"),
                id="left",
            ),
            Vertical(LanePanes(id="panes"), Static(id="pages"), FailurePanel(), id="right"),
            id="run",
        )

    async def catch_up(self) -> None:
        """Show the run that is open."""
        state = self.console_app.run_state
        self.query_one("#no-run").display = state is None
        self.query_one("#run").display = state is not None
        if state is None:
            return
        targets, panes = self.query_one(TargetList), self.query_one(LanePanes)
        targets.show(state, self.now)
        if state is not self._shown:
            self._shown = state
            self._failure_seen = self._digest_hidden = False
            targets.chosen = next(iter(state.targets), "")
            await panes.open_run(state, self.now)
            targets.focus()
        panes.lay_out(self.now)
        self._show_facts(state)
        self._first_failure(state)
        self._show_digest()
        self.refresh_bindings()

    async def run_moved(self, changes: Changes) -> None:
        """Renew what a look at the folder changed."""
        state = self.console_app.run_state
        if state is None or state is not self._shown:
            await self.catch_up()
            return
        self.query_one(TargetList).show(state, self.now)
        lanes = set(changes.lanes)
        for name in changes.targets:
            if target := state.targets.get(name):
                lanes.update(lane.key for lane in target.lanes.values())
        self.query_one(LanePanes).refresh_lanes(lanes, self.now)
        if changes.events or changes.targets:
            self._first_failure(state)
            self._show_digest()
        if changes.events:
            self._show_facts(state)
            self.refresh_bindings()

    def second_passed(self) -> None:
        """Renew what counts seconds."""
        state = self.console_app.run_state
        if state is not None and state is self._shown:
            self.query_one(TargetList).show(state, self.now)
            self.query_one(LanePanes).tick(self.now)
            self._show_facts(state)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide or grey out what can't be done now."""
        if not self.stands or action not in {
            "cancel_target",
            "cancel_run",
            "page",
            "digest",
            "zoom",
        }:
            return True
        state = self.console_app.run_state
        if state is None:
            return None if action == "zoom" else False
        if action == "page":
            return self.query_one(LanePanes).pages > 1
        if action == "digest":
            return self._failed(self.query_one(TargetList).chosen)
        if action in {"cancel_target", "cancel_run"}:
            if not self.console_app.run_is_live:
                return False
            target = state.targets.get(self.query_one(TargetList).chosen)
            over = target is None or target.outcome is not None
            return None if action == "cancel_target" and over else True
        return True

    @on(TargetList.Chosen)
    def target_chosen(self, message: TargetList.Chosen) -> None:
        """Show its lanes, and why it failed."""
        if key := self._first_lane(message.target):
            self.query_one(LanePanes).reveal(key, self.now)
        self._show_digest()
        self.refresh_bindings()

    @on(TargetList.Zoom)
    def target_zoomed(self) -> None:
        """Give the chosen target's first lane all the room."""
        self.action_zoom()

    @on(LogPane.Zoom)
    def lane_zoomed(self, message: LogPane.Zoom) -> None:
        """Give the lane all the room, or the room back to all."""
        if isinstance(message.pane.parent, LanePane):
            self._zoom(message.pane.parent.lane.key)

    @on(LanePanes.Resized)
    def room_changed(self) -> None:
        """Lay the panes out anew."""
        self.query_one(LanePanes).lay_out(self.now)

    @on(LanePanes.Paged)
    def page_turned(self, message: LanePanes.Paged) -> None:
        """Say which page it is."""
        panes = self.query_one(LanePanes)
        line = self.query_one("#pages", Static)
        line.display = message.pages > 1
        what = "lane" if panes.zoomed is not None else "page"
        line.update(
            Content.assemble(
                (f"{what} {message.page + 1} of {message.pages}", "bold"),
                ("  [ before · ] next", "$foreground-muted"),
                ("  z all lanes" if panes.zoomed is not None else "", "$foreground-muted"),
            )
        )
        self.refresh_bindings()

    def on_descendant_focus(self) -> None:
        """The lane in focus belongs to the chosen target."""
        panes, targets = self.query_one(LanePanes), self.query_one(TargetList)
        key = panes.focused_key
        if key is not None and key[0] != targets.chosen:
            targets.chosen = key[0]
            targets.refresh()
            self._show_digest()
            self.refresh_bindings()

    def action_zoom(self) -> None:
        """Give one lane all the room, or the room back to all."""
        panes = self.query_one(LanePanes)
        key = panes.focused_key or self._first_lane(self.query_one(TargetList).chosen)
        if key is not None:
            self._zoom(key)

    def action_unzoom(self) -> None:
        """Give the room back to all."""
        panes = self.query_one(LanePanes)
        if panes.zoomed is not None:
            panes.zoom(None, self.now)
        else:
            self.query_one(TargetList).focus()

    def action_page(self, by: int) -> None:
        """Go to other lanes."""
        self.query_one(LanePanes).turn(by, self.now)

    def action_target(self, by: int) -> None:
        """Choose another target, wherever the focus is."""
        self.query_one(TargetList).action_move(by)

    def action_digest(self) -> None:
        """Show or hide why the chosen target failed."""
        self._digest_hidden = not self._digest_hidden
        self._show_digest()

    def action_cancel_target(self) -> None:
        """Ask whether to stop the chosen target."""
        target = self.query_one(TargetList).chosen
        question = Ask(
            f"Stop {target}?",
            Content("The other targets go on."),
            [("stop", "Stop it"), ("no", "Let it go on")],
        )
        self.app.push_screen(question, lambda answer: self._cancel(answer, target))

    def action_cancel_run(self) -> None:
        """Ask whether to stop the run."""
        question = Ask(
            "Stop the whole run?",
            Content("Targets that are built already are kept."),
            [("stop", "Stop all"), ("no", "Let it go on")],
        )
        self.app.push_screen(question, lambda answer: self._cancel(answer, ""))

    def _cancel(self, answer: str | None, target: str) -> None:
        run = self.console_app.run_folder
        if answer == "stop" and run is not None:
            run.ask(Request("cancel", target))
            self.notify(f"stopping {target or 'the run'}…", markup=False, timeout=4)

    def _zoom(self, key: LaneKey) -> None:
        panes = self.query_one(LanePanes)
        panes.zoom(None if panes.zoomed == key else key, self.now)

    def _first_lane(self, target: str) -> LaneKey | None:
        """Return the lane to look at first: the one that failed, if any."""
        state = self.console_app.run_state
        found = state.targets.get(target) if state else None
        lanes = list(found.lanes.values()) if found else []
        failed = (lane for lane in lanes if lane.status is Status.FAILED)
        lane = next(failed, lanes[0] if lanes else None)
        return lane.key if lane else None

    def _failed(self, target: str) -> bool:
        state = self.console_app.run_state
        found = state.targets.get(target) if state else None
        return found is not None and failure_of(found) is not None

    def _first_failure(self, state: RunState) -> None:
        """Mark the first target that fails, once: after that the person leads."""
        if self._failure_seen:
            return
        for target in state.targets.values():
            if target.status is Status.FAILED:
                self._failure_seen = True
                self.query_one(TargetList).choose(target.name)
                return

    def _show_digest(self) -> None:
        state = self.console_app.run_state
        target = state.targets.get(self.query_one(TargetList).chosen) if state else None
        failure = failure_of(target) if target and not self._digest_hidden else None
        folder = self.console_app.run_folder
        if failure is not None and failure.log_file and folder is not None:
            log = path_words(folder.path / failure.log_file)
            failure = msgspec.structs.replace(failure, log_file=log)
        self.query_one(FailurePanel).show(failure)

    def _show_facts(self, state: RunState) -> None:
        info = state.info
        lines = [
            Content.styled(when(info.created), "$foreground-muted"),
            Content.assemble(
                (count(len(state.lanes), "image"), ""), f" · {clock(state.elapsed(self.now))}"
            ),
        ]
        if info.test_only:
            lines.append(Content("test only"))
        if state.interrupted:
            lines.append(Content.styled("! interrupted", "$text-warning"))
        if info.base:
            lines.append(Content.styled(f"base {info.base}", "$foreground-muted"))
        if state.notes:
            lines.append(Content.styled(f"! {state.notes[-1]}", "$text-warning"))
        self.query_one("#run-facts", Static).update(Content("\n").join(lines))
