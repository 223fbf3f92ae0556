"""Place 4, History: earlier runs, to be opened again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.state import Status
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import GOING_ON, INTERRUPTED, Mark, status_mark
from openhqm_tui.tui.past import PastRun
from openhqm_tui.tui.reports import write_report
from openhqm_tui.tui.run_asks import cancel_all, resume
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

    def __init__(self) -> None:
        super().__init__()
        # The run that the cursor is on; a list that is read anew may have others above it.
        self._mark: Path | None = None

    def body(self) -> Iterable[Widget]:
        """Yield the table and a line about it."""
        yield Static(id="no-history")
        yield Vertical(Static(id="history-summary"), CellTable(), id="history")

    def on_mount(self) -> None:
        """Look every second whether a run of the list has lost its runner."""
        self.set_interval(1.0, self._look_at_live)

    def _look_at_live(self) -> None:
        runs = self.console_app.past_runs or []
        if self.is_current and any(run.live and not run.folder.is_live() for run in runs):
            self.console_app.read_past()

    async def catch_up(self) -> None:
        """Show what is known, and read the list again."""
        self.engine_seen()
        self.console_app.read_past()

    def engine_seen(self) -> None:
        """Show the runs that were read."""
        if not self.stands:
            return
        app = self.console_app
        runs = app.past_runs
        nothing = self.query_one("#no-history", Static)
        nothing.display = not runs
        self.query_one("#history").display = bool(runs)
        if not runs:
            nothing.update(_NONE if runs is not None else Content("reading the runs…"))
            return
        live = sum(run.live for run in runs)
        words = Content.assemble(
            (count(len(runs), "run"), "bold"),
            Content.styled(f" · {GOING_ON.symbol} {live} going on", GOING_ON.style) if live else "",
            " · Enter opens one",
        )
        self.query_one("#history-summary", Static).update(words)
        table, before = self.query_one(CellTable), self._mark
        table.show(_HEADING, [_cells(run, app.services.now()) for run in runs])
        paths = [run.folder.path for run in runs]
        if before in paths:
            table.go(paths.index(before), 0)
        self._mark = paths[table.row]
        self.refresh_bindings()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what has nothing to open; hide what the marked run has no use for."""
        if (
            action not in {"open", "resume", "cancel", "replay_run", "write_report"}
            or not self.stands
        ):
            return True
        run = self.marked
        match action:
            case "resume":
                return run is not None and run.resumable
            case "cancel":
                return run is not None and run.live
            case "replay_run":
                return None if run is None or run.live else True
        return None if run is None else True

    @property
    def marked(self) -> PastRun | None:
        """The run that the cursor is on."""
        runs = self.console_app.past_runs or []
        row = self.query_one(CellTable).row
        return runs[row] if row < len(runs) else None

    @on(CellTable.Marked)
    def row_marked(self) -> None:
        """Offer what can be done about another run."""
        self._mark = self.marked.folder.path if self.marked is not None else None
        self.refresh_bindings()

    @on(CellTable.Opened)
    async def row_opened(self) -> None:
        """Open the run that is marked."""
        await self.action_open()

    async def action_open(self) -> None:
        """Open the run that is marked."""
        if (run := self.marked) is not None and self.console_app.open_run(run.folder):
            await self.console_app.action_go("run")

    async def action_resume(self) -> None:
        """Go on with what was cut off or cancelled, and watch it."""
        run, app = self.marked, self.console_app
        if run is not None and app.open_run(run.folder):
            resume(app, run.folder)
            await app.action_go("run")

    def action_cancel(self) -> None:
        """Ask whether to stop the run that is marked."""
        if (run := self.marked) is not None:
            cancel_all(self.console_app, run.folder)

    def action_replay_run(self) -> None:
        """Play the run that is marked."""
        if (run := self.marked) is not None:
            self.console_app.replays.begin(run.folder)

    def action_write_report(self) -> None:
        """Write the report of the run that is marked, and say where it is."""
        if (run := self.marked) is not None:
            self.run_worker(write_report(self.console_app, run.folder), group="report")

    def action_reload(self) -> None:
        """Read the list again."""
        self.console_app.read_past()


def _cells(run: PastRun, now: float) -> Sequence[Content]:
    statuses = [lane.status for lane in run.lanes.values()]
    good = sum(status in {Status.PASSED, Status.DONE} for status in statuses)
    mark = run_mark_of(run)
    seconds = run.seconds + (max(0.0, now - run.last) if run.live else 0.0)
    return (
        Content(when(run.created)),
        mark.content,
        Content(clock(seconds)),
        Content(f"{good}/{len(statuses)}"),
        Content.styled(run.folder.path.name, "$foreground-muted"),
        Content(", ".join(run.targets)),
    )


def run_mark_of(run: PastRun) -> Mark:
    """Return how a run of the list looks."""
    if run.live:
        return GOING_ON
    if run.interrupted:
        return INTERRUPTED
    # A run that was told not to check has proved nothing.
    proved = any(lane.status is Status.PASSED for lane in run.lanes.values())
    unchecked = run.status is Status.PASSED and not proved
    return status_mark(Status.DONE if unchecked else run.status)
