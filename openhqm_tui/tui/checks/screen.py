"""The Checks screen: the results of each image, and the evidence behind one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.checks.catalog import CHECKS, check_named, checks_for, in_order
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.guides import place_of_check
from openhqm_tui.domain.names import matches
from openhqm_tui.domain.run.decisions import images
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import plain
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.checks.table import LANE_COLUMNS, VerdictTable, layouts
from openhqm_tui.tui.checks.text import (
    Evidence,
    all_verdicts,
    evidence_lines,
    lane_lines,
    not_passed,
    other_image_lines,
    summary_words,
    verdict_lines,
    verdict_of,
)
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import path_words, state_mark
from openhqm_tui.tui.core.session import copy
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.filter_bar import FilterBar
from openhqm_tui.tui.widgets.key_line import KeyLine
from openhqm_tui.tui.widgets.table import CellTable

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.run.follow.follower import Changes

# Labels of untrusted images may be huge: show only the first part.
_MOST_BYTES = 64 * 1024
_MOST_LINE = 2000


class EvidenceScreen(ModalScreen[None]):
    """Evidence of one result or of a lane; `step` selects another, `again` repeats the check."""

    CSS_PATH = "evidence.tcss"
    BINDINGS: ClassVar = [*bindings("dialog"), *bindings("evidence")]
    AUTO_FOCUS = ""

    class Read(Message):
        """A lane's evidence file was read."""

        def __init__(self, key: tuple[str, str], evidence: Evidence | None) -> None:
            super().__init__()
            self.key = key
            self.evidence = evidence

    def __init__(
        self,
        lane: LaneState,
        check: str,
        file: Path,
        step: Callable[[int], None],
        again: Callable[[], None],
    ) -> None:
        super().__init__()
        self._lane, self._check, self._file = lane, check, file
        self._step, self._again = step, again
        self._evidence: Evidence | None = None

    def compose(self) -> ComposeResult:
        """Build the text and its keys."""
        with Vertical(id="evidence-dialog"):
            with VerticalScroll(id="evidence-scroll", can_focus=False):
                yield Static(self._content(), id="evidence-all")
            yield KeyLine()

    def on_mount(self) -> None:
        """Read the evidence."""
        self._read(self._lane.key, self._file)

    def show(self, lane: LaneState, check: str, file: Path) -> None:
        """Show a result, and read its evidence."""
        other = self._lane.key != lane.key or self._check != check
        self._lane, self._check, self._file = lane, check, file
        if other:
            self._evidence = None
        if not self.is_mounted:
            return
        if other:
            self.query_one("#evidence-scroll").scroll_home(animate=False)
        self._show_all()
        self._read(lane.key, file)

    @work(thread=True, exclusive=True, group="evidence")
    def _read(self, key: tuple[str, str], file: Path) -> None:
        self.post_message(self.Read(key, read_evidence(file)))

    def on_evidence_screen_read(self, message: Read) -> None:
        """Show the evidence if its result is still selected."""
        if self._lane.key == message.key:
            self._evidence = message.evidence
            self._show_all()

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)

    def action_step(self, by: int) -> None:
        """Go to another result that is not a pass."""
        self._step(by)

    def action_again(self) -> None:
        """Repeat this check."""
        self._again()

    def action_copy(self) -> None:
        """Copy the whole text."""
        copy(self, self._content().plain, "the evidence")

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#evidence-scroll").scroll_relative(y=lines, animate=False)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by pages."""
        scroll = self.query_one("#evidence-scroll")
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Gray out the check if there is no image."""
        if action == "again":
            return True if self._lane.has_image else None
        return True

    def _content(self) -> Content:
        return Content("\n").join(evidence_lines(self._lane, self._check, self._evidence))

    def _show_all(self) -> None:
        self.query_one("#evidence-all", Static).update(self._content())
        self.refresh_bindings()


def read_evidence(file: Path) -> Evidence | None:
    """Return the sanitized content of an evidence file; None if it doesn't exist. Blocks."""
    try:
        with RunFolder(file.parent.parent).open(file) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError:
        return None
    command = ""
    try:
        told = msgspec.json.decode(data)
        command = plain(str(told.get("command", ""))) if isinstance(told, dict) else ""
    except (msgspec.MsgspecError, RecursionError):
        pass  # truncated or damaged: show it unchanged
    lines = [_cut(line) for line in plain(data[:_MOST_BYTES]).split("\n")]
    if len(data) > _MOST_BYTES:
        lines.append("… (truncated)")
    return Evidence(path_words(file), command, "\n".join(lines))


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_LINE else f"{line[:_MOST_LINE]}… (truncated)"


# Minimum height of a terminal for showing the results of other images.
_TALL = 34
_ABOUT_ANSWERS = {"again", "next_failure", "only_others", "copy", "open", "filter"}
_LANE_TIPS = (
    "An image: one target on one platform.",
    "Whether the image runs natively or under an emulator, which can cause failures of its own.",
    "The status of the image, or, without room for it, the number of passed checks.",
)


class ChecksScreen(BaseScreen):
    """A row per lane, a column per check, details below."""

    PLACE = "checks"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("checks")
    AUTO_FOCUS = "VerdictTable"

    def __init__(self) -> None:
        super().__init__()
        self._lanes: list[LaneState] = []
        self._checks: tuple[str, ...] = ()
        self._shown: RunState | None = None
        self._only_others = False
        # The results other than a pass, by row and column.
        self._found: list[tuple[int, int]] = []

    def body(self) -> Iterable[Widget]:
        """Yield table and details, or a message that no run is open."""
        yield Static(
            Content.assemble(
                ("No run is open.\n\n", "bold"),
                "The images of a target are checked as soon as its build has finished.\n\n",
                ("1", "$primary bold"),
                " Plan: start a run · ",
                ("4", "$primary bold"),
                " History: open a past run",
            ),
            id="no-checks",
        )
        yield Vertical(
            Static(id="checks-summary"),
            FilterBar(),
            VerdictTable(self._explain, self._check_at),
            VerticalScroll(Static(id="evidence"), id="evidence-box", can_focus=False),
            id="checks",
        )

    async def catch_up(self) -> None:
        """Refill the table, keeping the cursor."""
        state = self.session.run_state
        self._shown = state
        self.query_one("#no-checks").display = state is None
        self.query_one("#checks").display = state is not None
        if state is not None:
            self._choose(state)
            self._show_table()
            self._show_summary(state)
            self._show_answer()
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Adapt the cells to the available width."""
        self.set_class(self.size.height < _TALL, "-low")
        if self.is_built and self._shown is not None:
            self.call_after_refresh(self._show_table)
            self.call_after_refresh(self._show_answer)

    async def run_moved(self, changes: Changes) -> None:
        """Refill the table when the run changes."""
        if changes.events or self.session.run_state is not self._shown:
            await self.catch_up()

    @on(CellTable.Marked)
    def cell_marked(self) -> None:
        """Show the evidence of the selected result."""
        self._show_answer()
        self.refresh_bindings()

    @on(CellTable.Opened)
    def cell_opened(self) -> None:
        """Open the evidence of the selected result."""
        marked, folder = self._marked(), self.session.run_folder
        if marked is not None and folder is not None:
            lane, check = marked
            file = folder.evidence_file(*lane.key)
            step, again = self.action_next_failure, self._again_here
            self.app.push_screen(EvidenceScreen(lane, check, file, step, again))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Gray out unavailable commands."""
        if action not in _ABOUT_ANSWERS or not self.is_built:
            return True
        if self._shown is None:
            return False
        if action == "next_failure":
            return bool(self._found) or None
        if action == "only_others":
            return self._only_others or bool(self._found) or None
        if action == "again":
            lanes = self._lanes if parameters == ("all",) else [self._marked_lane()]
            return any(lane is not None and lane.has_image for lane in lanes) or None
        return True

    def action_next_failure(self, by: int = 1) -> None:
        """Go to the next or previous result that is not a pass."""
        found = self._found
        if not found:
            self.notify("No result other than pass.", timeout=3)
            return
        table = self.query_one(VerdictTable)
        here = (table.row, table.column)
        if by > 0:
            table.go(*next((place for place in found if place > here), found[0]))
        else:
            table.go(*next((place for place in reversed(found) if place < here), found[-1]))

    def action_only_others(self) -> None:
        """Hide or show passed checks, keeping the cursor on its result."""
        state = self._shown
        if state is None:
            return
        marked = self._marked()
        self._only_others = not self._only_others
        self._choose(state)
        self._show_table()
        if marked is not None:
            lane, check = marked
            row = self._lanes.index(lane) if lane in self._lanes else 0
            column = self._checks.index(check) + len(LANE_COLUMNS) if check in self._checks else 0
            self.query_one(VerdictTable).go(row, column)
        self._show_summary(state)
        self._show_answer()
        self.refresh_bindings()

    def action_filter(self) -> None:
        """Type words that filter the images."""
        self.query_one(FilterBar).open()

    @on(FilterBar.Changed)
    async def filter_changed(self) -> None:
        """Show the images that match."""
        await self.catch_up()

    @on(FilterBar.Left)
    def filter_left(self, message: FilterBar.Left) -> None:
        """Return to the table."""
        table = self.query_one(VerdictTable)
        table.focus()
        table.action_move(message.steps, 0)

    def action_open(self) -> None:
        """Open the evidence of the selected result."""
        self.cell_opened()

    def action_again(self, what: str) -> None:
        """Repeat the selected check, or all checks of one or all images."""
        if what == "all":
            self._ask(Request("check"), "all images")
        elif (marked := self._marked()) is not None:
            lane, check = marked
            if what == "lane":
                check = ""
            name = " ".join(lane.key)
            self._ask(Request("check", *lane.key, check), f"{name}, {check}" if check else name)

    def action_read_more(self) -> None:
        """Open the guide at the selected check."""
        marked = self._marked()
        self.open_guide(*place_of_check(marked[1] if marked else ""))

    def action_copy(self) -> None:
        """Copy the displayed result."""
        if self._lanes:
            copy(self, str(self.query_one("#evidence", Static).content), "the result")

    def _again_here(self) -> None:
        self.action_again("check")

    def _ask(self, request: Request, what: str) -> None:
        if self.session.replay.refuses():
            return
        self.session.ask_run(request)
        self.notify(f"check requested: {what}", markup=False, timeout=3)

    def _marked_lane(self) -> LaneState | None:
        row = self.query_one(VerdictTable).row
        return self._lanes[row] if 0 <= row < len(self._lanes) else None

    def _marked(self) -> tuple[LaneState, str] | None:
        """Return lane and check under the cursor; '' for the whole lane."""
        lane = self._marked_lane()
        if lane is None:
            return None
        return lane, self._check_at(self.query_one(VerdictTable).column)

    def _check_at(self, column: int) -> str:
        place = column - len(LANE_COLUMNS)
        return self._checks[place] if 0 <= place < len(self._checks) else ""

    def _not_passed(self) -> list[tuple[int, int]]:
        columns = {check: at for at, check in enumerate(self._checks, len(LANE_COLUMNS))}
        return sorted(
            (row, columns[verdict.check])
            for row, lane in enumerate(self._lanes)
            for verdict in lane.verdicts
            if verdict.answer is not Answer.PASS and verdict.check in columns
        )

    def _choose(self, state: RunState) -> None:
        """Set the lanes and checks to show: all, or those with results other than pass."""
        checks = _checks_of(state, self.session.run_folder)
        words = self.query_one(FilterBar).words
        found = images(state)
        self._lanes = [lane for lane in found if matches(_filtered_text(lane), words)]
        self.query_one(FilterBar).tell(len(self._lanes), len(found), "image")
        if self._only_others:
            self._lanes = [lane for lane in self._lanes if _is_worth_a_look(lane)]
            told = {verdict.check for lane in self._lanes for verdict in not_passed(lane)}
            checks = tuple(check for check in checks if check in told)
        self._checks = checks
        self._found = self._not_passed()

    def _show_summary(self, state: RunState) -> None:
        words = summary_words(state)
        if self._only_others:
            # First, because a narrow screen truncates the end.
            left_out = Content.styled("▼ passed checks hidden (x shows all)", "$accent")
            words = Content.assemble(left_out, " · ", words)
        self.query_one("#checks-summary", Static).update(words)

    def _show_table(self) -> None:
        table = self.query_one(VerdictTable)
        for layout in layouts(self._lanes, self._checks, table.size.width, table.window):
            table.show(layout.heading, layout.rows, gaps=layout.gaps, spans=layout.spans)
            if table.fits:
                break

    def _explain(self, row: int, column: int) -> str:
        """Return the tooltip for the cell under the mouse."""
        check = self._check_at(column)
        if row < 0:
            if not check:
                return _LANE_TIPS[min(column, 2)]
            about = check_named(check)
            return f"{check}: {about.question}\n{about.method}"
        if not 0 <= row < len(self._lanes):
            return ""
        verdict = verdict_of(self._lanes[row], check)
        return plain(verdict.evidence) if verdict is not None else ""

    def _show_answer(self) -> None:
        marked = self._marked()
        if marked is None:
            self.query_one("#evidence", Static).update("")
            return
        lane, check = marked
        lines = verdict_lines(lane, check) if check else lane_lines(lane)
        if self.size.height >= _TALL:
            lanes = self._shown.lanes if self._shown is not None else []
            more = (
                other_image_lines(lanes, lane, check)
                if check
                else [Content(""), *all_verdicts(lane)]
            )
            lines += more[: self.size.height // 3]
        self.query_one("#evidence", Static).update(Content("\n").join(lines))
        folder, top = self.session.run_folder, self.app.screen
        if isinstance(top, EvidenceScreen) and folder is not None:
            top.show(lane, check, folder.evidence_file(*lane.key))


def _filtered_text(lane: LaneState) -> str:
    return " ".join([*lane.key, state_mark(lane).word])


def _is_worth_a_look(lane: LaneState) -> bool:
    """Return whether a lane has results other than pass, or ended without results."""
    ended_unverified = lane.status.is_over and lane.status not in {Status.PASSED, Status.DONE}
    return bool(not_passed(lane)) or ended_unverified


def _checks_of(state: RunState, folder: RunFolder | None) -> tuple[str, ...]:
    """Return the checks with results; before any, the expected ones."""
    seen = {verdict.check for lane in state.lanes for verdict in lane.verdicts}
    return in_order(seen or _to_be_asked(folder))


def _to_be_asked(folder: RunFolder | None) -> Iterable[str]:
    try:
        expected = folder.expectations() if folder is not None else {}
    except (OSError, msgspec.MsgspecError, Problem):
        return CHECKS
    return [check for each in expected.values() for check in checks_for(each)] or CHECKS
