"""The History screen: earlier runs, trends of images, two runs compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.history.comparison import Comparison, before
from openhqm_tui.domain.history.trends import trends
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import path_words
from openhqm_tui.tui.history.comparison import ComparisonLoader, ComparisonRead, ComparisonView
from openhqm_tui.tui.history.past_runs import PastRun
from openhqm_tui.tui.history.run_table import RunTable, list_words
from openhqm_tui.tui.history.trends import TrendView
from openhqm_tui.tui.run.actions import cancel_all, resume
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.table import CellTable

if TYPE_CHECKING:
    from openhqm_tui.tui.core.session import Session


async def write_report(session: Session, run: RunFolder) -> None:
    """Write a run's report and say where it is, or why it isn't."""
    try:
        file = await asyncio.to_thread(session.backend.report, run)
    except Problem as problem:
        session.app.notify(str(problem), severity="error", markup=False)
    else:
        session.app.notify(f"wrote {path_words(file)}: open it in a browser", markup=False)


_NONE = Content.assemble(
    ("No runs yet.\n\n", "bold"), ("1", "$primary bold"), " Plan starts the first one"
)
# What can be done with the run that the cursor is on.
_OF_A_RUN = {
    *("open", "resume", "cancel", "replay_run", "write_report"),
    *("mark", "compare", "trends"),
}


class HistoryScreen(BaseScreen):
    """A row for every run, the latest first; or trends, or what two runs differ in."""

    PLACE = "history"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("history")
    AUTO_FOCUS = "RunTable"

    def __init__(self) -> None:
        super().__init__()
        # The run that the cursor is on; a list that is read again may have others above it.
        self._on: Path | None = None
        # The run that others are compared with.
        self._chosen = ""
        self._comparing: ComparisonLoader | None = None

    def body(self) -> Iterable[Widget]:
        """Yield list, trends and comparison, of which one is visible, and a line about it."""
        yield Static(id="no-history")
        yield Vertical(
            Static(id="history-summary"),
            ContentSwitcher(
                RunTable(id="runs"),
                TrendView(id="trends"),
                ComparisonView(id="comparison"),
                initial="runs",
                id="history-view",
            ),
            id="history",
        )

    def on_mount(self) -> None:
        """Look every second whether a run of the list has lost its runner."""
        self.set_interval(1.0, self._look_at_live)

    def _look_at_live(self) -> None:
        runs = self.session.past_runs or []
        if self.is_current and any(run.live and not run.folder.is_live() for run in runs):
            self.session.read_past()

    async def catch_up(self) -> None:
        """Show what is known, and read the list again."""
        self.engine_seen()
        self.session.read_past()

    def engine_seen(self) -> None:
        """Show the runs that were read."""
        if not self.stands:
            return
        session = self.session
        runs = session.past_runs
        nothing = self.query_one("#no-history", Static)
        nothing.display = not runs
        self.query_one("#history").display = bool(runs)
        if not runs:
            nothing.update(_NONE if runs is not None else Content("reading past runs…"))
            return
        table, stood_on = self.query_one(RunTable), self._on
        table.show_runs(runs, session.backend.now(), self._chosen)
        paths = [run.folder.path for run in runs]
        if stood_on in paths:
            table.go(paths.index(stood_on), 0)
        self._on = paths[table.row]
        self._show_summary()
        self.refresh_bindings()

    def _show_summary(self, words: Content | None = None) -> None:
        session = self.session
        if words is None:
            words = list_words(session.past_runs or [], session.past_problem, self._chosen)
        self.query_one("#history-summary", Static).update(words)

    @property
    def view(self) -> str:
        """What is visible: runs, trends or comparison."""
        return self.query_one(ContentSwitcher).current or "runs"

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Gray out or hide what the selected run can't do."""
        if not self.stands:
            return True
        if action == "back":
            return self.view != "runs"
        if action not in _OF_A_RUN:
            return True
        run = self.marked
        if self.view != "runs" and action not in {"trends", "compare"}:
            return False
        match action:
            case "resume":
                return run is not None and run.resumable
            case "cancel":
                return run is not None and run.live
            case "replay_run":
                return None if run is None or run.live or run.gone else True
            case "open" | "write_report":
                return None if run is None or run.gone else True
            case "mark" | "compare":
                return None if run is None or run.live else True
        return None if run is None else True

    @property
    def marked(self) -> PastRun | None:
        """The run that the cursor is on."""
        runs = self.session.past_runs or []
        row = self.query_one(RunTable).row
        return runs[row] if row < len(runs) else None

    @on(CellTable.Marked, "#runs")
    def row_marked(self) -> None:
        """Offer what can be done about another run."""
        self._on = self.marked.folder.path if self.marked is not None else None
        self.refresh_bindings()

    @on(CellTable.Opened, "#runs")
    async def row_opened(self) -> None:
        """Open the selected run."""
        await self.action_open()

    async def action_open(self) -> None:
        """Open the selected run."""
        run = self.marked
        if run is None:
            return
        if run.gone:
            words = f"the folder of {run.name} was removed: its figures remain, t and c show them"
            self.notify(words, severity="warning", markup=False)
        elif self.session.open_run(run.folder):
            await self.go("run")

    async def action_resume(self) -> None:
        """Resume the selected run and show it."""
        run = self.marked
        if run is not None and self.session.open_run(run.folder):
            resume(self.session, run.folder)
            await self.go("run")

    def action_cancel(self) -> None:
        """Cancel the selected run after confirmation."""
        if (run := self.marked) is not None:
            cancel_all(self.session, run.folder)

    def action_replay_run(self) -> None:
        """Replay the selected run."""
        if (run := self.marked) is not None:
            self.session.replay.play_recording(run.folder)

    def action_write_report(self) -> None:
        """Write a report of the selected run and notify where it is."""
        if (run := self.marked) is not None:
            self.run_worker(write_report(self.session, run.folder), group="report")

    def action_reload(self) -> None:
        """Read the list again."""
        self.session.read_past()

    def action_mark(self) -> None:
        """Choose the run that others are compared with, or none."""
        if (run := self.marked) is not None:
            self._chosen = "" if self._chosen == run.name else run.name
            self.engine_seen()

    def action_trends(self) -> None:
        """Show how the images of the run went from run to run, or the list again."""
        run = self.marked
        if self.view == "trends" or run is None:
            self.action_back()
            return
        records = [one.record for one in self.session.past_runs or [] if not one.live]
        series = trends(records, run.record)
        view = self.query_one(TrendView)
        view.show(series)
        told = "images of the same source, by run" if series else "no image was built yet"
        words = f"Esc goes back · {told}"
        self._in_sight("trends", Content.assemble((f"Trends of {run.name}", "bold"), f" · {words}"))
        view.table.focus()

    def action_compare(self) -> None:
        """Show in what the run differs from the chosen one, else from the one before it."""
        run = self.marked
        if run is None or self.view == "comparison":
            self.action_back()
            return
        records = [one.record for one in self.session.past_runs or []]
        earlier = before(run.record, records)
        other = self._chosen if self._chosen != run.name else ""
        if not other and earlier is not None:
            other = earlier.id
        if not other:
            words = "no earlier run built the same images: mark a run with x"
            self.notify(words, severity="warning", markup=False)
            return
        if self._comparing is None:
            self._comparing = ComparisonLoader(self, self.session.backend)
        created = {one.id: one.created for one in records}
        pair = sorted((other, run.name), key=lambda name: created.get(name, 0.0))
        self._comparing.compare(pair[0], pair[1])

    @on(ComparisonRead)
    def compared(self, message: ComparisonRead) -> None:
        """Show the comparison, or why there is none."""
        if isinstance(message.told, Comparison):
            view = self.query_one(ComparisonView)
            view.show(message.told)
            words = Content.assemble(
                ("Two runs", "bold"), " · ▲ ✗ worse, ▼ ✓ better · Esc goes back"
            )
            self._in_sight("comparison", words)
            view.focus()
        else:
            self.notify(message.told, severity="error", markup=False)

    def action_back(self) -> None:
        """Show the list again."""
        self._in_sight("runs", None)
        self.query_one(RunTable).focus()

    def _in_sight(self, view: str, words: Content | None) -> None:
        self.query_one(ContentSwitcher).current = view
        self._show_summary(words)
        self.refresh_bindings()
