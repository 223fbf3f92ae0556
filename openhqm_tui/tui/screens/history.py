"""Place 4, History: earlier runs, to be opened again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.state import Status
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import status_mark
from openhqm_tui.tui.past import PastRun
from openhqm_tui.tui.screens.place import Place
from openhqm_tui.tui.widgets.cell_table import CellTable
from openhqm_tui.tui.words import clock, count, when

_HEADING = ("started", "result", "took", "images", "run", "targets")


_NONE = Content.assemble(
    ("No run yet.\n\n", "bold"), ("1", "$primary bold"), " Plan starts the first"
)


class HistoryScreen(Place):
    """A row for every run, the latest first."""

    PLACE = "history"
    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar = bindings("history")
    AUTO_FOCUS = "CellTable"

    def body(self) -> Iterable[Widget]:
        """Yield the table and a line about it."""
        yield Static(id="no-history")
        yield Vertical(Static(id="history-summary"), CellTable(), id="history")

    async def catch_up(self) -> None:
        """Show what is known, and read the list again."""
        self.engine_seen()
        self.console_app.read_past()

    def engine_seen(self) -> None:
        """Show the runs that were read."""
        if not self.stands:
            return
        runs = self.console_app.past_runs
        nothing = self.query_one("#no-history", Static)
        nothing.display = not runs
        self.query_one("#history").display = bool(runs)
        if not runs:
            nothing.update(_NONE if runs is not None else Content("reading the runs…"))
            return
        words = Content.assemble((count(len(runs), "run"), "bold"), " · Enter opens one")
        self.query_one("#history-summary", Static).update(words)
        self.query_one(CellTable).show(_HEADING, [_cells(run) for run in runs])
        self.refresh_bindings()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what has nothing to open."""
        return None if action == "open" and not self.console_app.past_runs else True

    @on(CellTable.Opened)
    async def row_opened(self) -> None:
        """Open the run that is marked."""
        await self.action_open()

    async def action_open(self) -> None:
        """Open the run that is marked."""
        runs = self.console_app.past_runs or []
        row = self.query_one(CellTable).row
        if row < len(runs):
            self.console_app.open_run(runs[row].folder)
            await self.console_app.action_go("run")

    def action_reload(self) -> None:
        """Read the list again."""
        self.console_app.read_past()


def _cells(run: PastRun) -> Sequence[Content]:
    statuses = [lane.status for lane in run.lanes.values()]
    good = sum(status in {Status.PASSED, Status.DONE} for status in statuses)
    # A run that was told not to check has proved nothing.
    unchecked = run.status is Status.PASSED and Status.PASSED not in statuses
    mark = status_mark(Status.DONE if unchecked else run.status)
    return (
        Content(when(run.created)),
        Content.styled(f"{mark.symbol} {'going on' if run.live else mark.word}", mark.style),
        Content(clock(run.seconds)),
        Content(f"{good}/{len(statuses)}"),
        Content.styled(run.folder.path.name, "$foreground-muted"),
        Content(", ".join(run.targets)),
    )
