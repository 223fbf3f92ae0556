"""Place 3, Checks: what was proved of each image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.plain_text import plain
from openhqm_tui.domain.state import LaneState, RunState, Status
from openhqm_tui.domain.verdicts import Answer, Verdict
from openhqm_tui.run.follow import Changes
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import answer_mark, status_mark
from openhqm_tui.tui.screens.place import Place
from openhqm_tui.tui.widgets.cell_table import CellTable
from openhqm_tui.tui.words import count, size

_NOT_PASSED = (Answer.FAIL, Answer.UNKNOWN, Answer.WARN)


class ChecksScreen(Place):
    """A row for every lane, a column for every question, the evidence below."""

    PLACE = "checks"
    CSS_PATH = "checks.tcss"
    BINDINGS: ClassVar = bindings("checks")
    AUTO_FOCUS = "CellTable"

    def __init__(self) -> None:
        super().__init__()
        self._lanes: list[LaneState] = []
        self._checks: list[str] = []
        self._shown: RunState | None = None

    def body(self) -> Iterable[Widget]:
        """Yield table and evidence, or the word that there is no run."""
        yield Static(
            Content.assemble(
                ("Nothing was checked yet.\n\n", "bold"),
                "Every image of a run is checked as soon as it is built: ",
                ("1", "$primary bold"),
                " Plan starts one",
            ),
            id="no-checks",
        )
        yield Vertical(
            Static(id="checks-summary"),
            CellTable(by_cell=True),
            VerticalScroll(Static(id="evidence"), id="evidence-box", can_focus=False),
            id="checks",
        )

    async def catch_up(self) -> None:
        """Fill the table anew; the cursor stays where it is."""
        state = self.console_app.run_state
        self._shown = state
        self.query_one("#no-checks").display = state is None
        self.query_one("#checks").display = state is not None
        if state is None:
            return
        self._lanes = state.lanes
        seen = (verdict.check for lane in state.lanes for verdict in lane.verdicts)
        self._checks = list(dict.fromkeys(seen))
        heading = ["image", "stands", *(check.replace("-", " ") for check in self._checks)]
        self.query_one(CellTable).show(heading, [self._cells(lane) for lane in self._lanes])
        self._show_summary(state)
        self._show_evidence()

    async def run_moved(self, changes: Changes) -> None:
        """Fill the table anew when the runner says anything."""
        if changes.events or self.console_app.run_state is not self._shown:
            await self.catch_up()

    @on(CellTable.Marked)
    def cell_marked(self) -> None:
        """Show the evidence of the marked cell."""
        self._show_evidence()

    def action_next_failure(self) -> None:
        """Go to the next answer that is no pass."""
        table = self.query_one(CellTable)
        found = [
            (row, column)
            for row, lane in enumerate(self._lanes)
            for column, check in enumerate(self._checks, 2)
            if (verdict := _verdict(lane, check)) and verdict.answer in _NOT_PASSED
        ]
        if not found:
            self.notify("Every answer there is, is a pass.", timeout=3)
            return
        here = (table.row, table.column)
        table.go(*next((place for place in found if place > here), found[0]))

    def _cells(self, lane: LaneState) -> list[Content]:
        target, platform = lane.key
        cells = [
            Content.assemble((target, "bold"), f" {platform}"),
            status_mark(lane.status).content,
        ]
        for check in self._checks:
            verdict = _verdict(lane, check)
            cells.append(
                Content.styled("–", "$foreground-muted")
                if verdict is None
                else answer_mark(verdict.answer).content
            )
        return cells

    def _show_summary(self, state: RunState) -> None:
        statuses = [lane.status for lane in state.lanes]
        parts: list[Content | str] = [Content.styled(count(len(statuses), "image"), "bold")]
        for status in Status:
            if number := statuses.count(status):
                mark = status_mark(status)
                parts += [" · ", Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style)]
        if not state.info.check:
            parts.append(" · this run was told not to check")
        self.query_one("#checks-summary", Static).update(Content.assemble(*parts))

    def _show_evidence(self) -> None:
        table = self.query_one(CellTable)
        text = Content("")
        if 0 <= table.row < len(self._lanes):
            lane = self._lanes[table.row]
            place = table.column - 2
            check = self._checks[place] if 0 <= place < len(self._checks) else ""
            verdict = _verdict(lane, check)
            text = _evidence(lane, verdict) if verdict else _whole(lane)
        self.query_one("#evidence", Static).update(text)


def _verdict(lane: LaneState, check: str) -> Verdict | None:
    return next((verdict for verdict in lane.verdicts if verdict.check == check), None)


def _head(lane: LaneState) -> list[Content | str | tuple[str, str]]:
    target, platform = lane.key
    how = {True: " · ran emulated", False: " · ran natively", None: ""}[lane.emulated]
    return [(target, "bold"), f" {platform}{how}"]


def _evidence(lane: LaneState, verdict: Verdict) -> Content:
    lines = [
        Content.assemble(
            (verdict.check, "$primary bold"),
            " · ",
            answer_mark(verdict.answer).content,
            " · ",
            *_head(lane),
        )
    ]
    if verdict.expected:
        lines.append(Content.assemble(("expected  ", "$foreground-muted"), plain(verdict.expected)))
    lines.append(
        Content.assemble(("seen      ", "$foreground-muted"), plain(verdict.evidence) or "–")
    )
    return Content("\n").join(lines)


def _whole(lane: LaneState) -> Content:
    lines = [Content.assemble(*_head(lane), " · ", status_mark(lane.status).content)]
    if lane.content_size or lane.unpacked_size:
        lines.append(
            Content.assemble(
                ("size      ", "$foreground-muted"),
                f"{size(lane.content_size)} packed · {size(lane.unpacked_size)} unpacked",
            )
        )
    if lane.digest:
        lines.append(Content.assemble(("digest    ", "$foreground-muted"), lane.digest))
    for verdict in lane.verdicts:
        if verdict.answer in _NOT_PASSED:
            mark = answer_mark(verdict.answer).content
            text = f" {verdict.check}: {plain(verdict.evidence)}"
            lines.append(Content.assemble(mark, text))
    return Content("\n").join(lines)
