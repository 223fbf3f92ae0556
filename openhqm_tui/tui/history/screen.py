"""The History screen: the table of earlier runs, trends of images, two runs compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, overload

from rich.cells import cell_len
from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import (
    count_text,
    elapsed_text,
    local_time_text,
    percent_text,
    size_text,
)
from openhqm_tui.domain.history.comparison import Comparison, before, compare, lines_of
from openhqm_tui.domain.history.trends import average, run_hit_rate, trends
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.core.labels import GOING_ON, INTERRUPTED, Mark, path_words, status_mark
from openhqm_tui.tui.history.past_runs import PastRun
from openhqm_tui.tui.history.trends import TrendView
from openhqm_tui.tui.run.actions import cancel_all, resume
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.table import CellTable

if TYPE_CHECKING:
    from openhqm_tui.tui.core.session import Session

_HEADING = ("started", "result", "time", "images", "size", "cached", "run", "targets")
_GOOD = {Status.PASSED.value, Status.DONE.value}
CHOSEN = "◉"


class RunTable(CellTable):
    """A row per run; the one to compare others with is marked."""

    def show_runs(self, runs: Sequence[PastRun], now: float, chosen: str) -> None:
        """Show runs."""
        rows = _Rows(runs, now, chosen)
        self.show(_HEADING, rows, rows.widths())


def list_words(runs: Sequence[PastRun], problem: str, chosen: str) -> Content:
    """Return a summary of all runs."""
    live = sum(run.live for run in runs)
    parts: list[Content | str | tuple[str, str]] = [(count_text(len(runs), "run"), "bold")]
    if live:
        parts.append((f" · {GOING_ON.symbol} {live} running", GOING_ON.style))
    hit = average(run_hit_rate(run.record) for run in runs if not run.live)
    if hit is not None:
        parts.append(f" · {percent_text(hit)} of steps cached")
    if problem:
        parts.append((f" · ! {one_line(problem, 300)}", "$text-warning"))
    elif chosen:
        parts.append(f" · {CHOSEN} {chosen} marked: c compares with it")
    else:
        parts.append(" · Enter opens a run")
    return Content.assemble(*parts)


class _Rows(Sequence[Sequence[Content]]):
    """Rows of runs, created when they are drawn: a screen shows only some of them."""

    def __init__(self, runs: Sequence[PastRun], now: float, chosen: str) -> None:
        self._runs, self._now, self._chosen = runs, now, chosen

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> Sequence[Content]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sequence[Content]]: ...
    def __getitem__(self, index: int | slice) -> Sequence[Content] | Sequence[Sequence[Content]]:
        if isinstance(index, slice):
            return [self._cells(run) for run in self._runs[index]]
        return self._cells(self._runs[index])

    def widths(self) -> list[int]:
        """Return the width that each column needs."""
        marks = {f"{mark.symbol} {mark.word}" for mark in map(run_mark_of, self._runs)}
        rows = [self._texts(run) for run in self._runs]
        told = [max(map(cell_len, column), default=0) for column in zip(*rows, strict=True)]
        return [told[0], max(map(cell_len, marks), default=0), *told[1:]]

    def _cells(self, run: PastRun) -> Sequence[Content]:
        started, took, images, bytes_, hit, name, targets = self._texts(run)
        return (
            Content(started),
            run_mark_of(run).content,
            *map(Content, (took, images, bytes_, hit)),
            Content.styled(
                name, "$primary bold" if run.name == self._chosen else "$foreground-muted"
            ),
            Content(targets),
        )

    def _texts(self, run: PastRun) -> tuple[str, ...]:
        """Return the cells except the mark."""
        good = many = bytes_ = 0
        for lane in run.records:
            many += 1
            good += lane.status in _GOOD
            bytes_ += lane.size
        seconds = run.seconds + (max(0.0, self._now - run.last) if run.live else 0.0)
        hit = run_hit_rate(run.record)
        return (
            local_time_text(run.created),
            elapsed_text(seconds, running=run.live),
            f"{good}/{many}",
            size_text(bytes_ or None),
            percent_text(hit),
            f"{CHOSEN} {run.name}" if run.name == self._chosen else run.name,
            one_line(", ".join(run.targets), 200),
        )


def run_mark_of(run: PastRun) -> Mark:
    """Return the mark of a run in the list."""
    if run.live:
        return GOING_ON
    if run.interrupted:
        return INTERRUPTED
    # A run without checks verifies nothing.
    verified = any(lane.status == Status.PASSED.value for lane in run.records)
    unchecked = run.status is Status.PASSED and not verified
    return status_mark(Status.DONE if unchecked else run.status)


_STYLES = {
    "✗": "$text-error bold",
    "▲": "$text-warning",
    "▼": "$text-success",
    "✓": "$text-success",
    "·": "$foreground-muted",
}


class ComparisonView(VerticalScroll, can_focus=True):
    """The lines of a comparison; changes are marked by symbols as well as colors."""

    DEFAULT_CSS = """
    ComparisonView { padding: 0 1; & > Static { height: auto; } }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Static(id="comparison-lines"), id=id)

    def show(self, told: Comparison) -> None:
        """Show another comparison from the top."""
        lines = [_line(mark, text) for mark, text in lines_of(told)]
        self.query_one(Static).update(Content("\n").join(lines))
        self.scroll_home(animate=False)


def _line(mark: str, text: str) -> Content:
    if not mark:
        return Content.styled(text, "$primary bold")
    return Content.assemble((f" {mark} ", _STYLES[mark]), text)


class ComparisonRead(Message):
    """The comparison of two runs, or why there is none."""

    def __init__(self, told: Comparison | str) -> None:
        super().__init__()
        self.told = told


class ComparisonLoader:
    """Compares runs for `screen`, which gets the result as a message."""

    def __init__(self, screen: Widget, backend: Backend) -> None:
        self._screen, self._backend = screen, backend

    def compare(self, one: str, other: str) -> None:
        """Compare two runs, the earlier first; `Compared` follows."""

        def work() -> None:
            told: Comparison | str
            try:
                told = compare(self._backend.whole_run(one), self._backend.whole_run(other))
            except Problem as problem:
                told = str(problem)
            self._screen.post_message(ComparisonRead(told))

        self._screen.run_worker(work, thread=True, exclusive=True, group="compare")


async def write_report(session: Session, run: RunFolder) -> None:
    """Write a run's report and notify where it is, or why it failed."""
    try:
        file = await asyncio.to_thread(session.backend.report, run)
    except Problem as problem:
        session.app.notify(str(problem), severity="error", markup=False)
    else:
        session.app.notify(f"wrote {path_words(file)}; open it in a browser", markup=False)


_NONE = Content.assemble(("No runs yet.\n\n", "bold"), ("1", "$primary bold"), " Plan: start a run")
# Commands that apply to the selected run.
_OF_A_RUN = {
    *("open", "resume", "cancel", "replay_run", "write_report"),
    *("mark", "compare", "trends"),
}


class HistoryScreen(BaseScreen):
    """A row per run, latest first; or trends, or a comparison of two runs."""

    PLACE = "history"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("history")
    AUTO_FOCUS = "RunTable"

    def __init__(self) -> None:
        super().__init__()
        # The selected run; its row may change when the list is read again.
        self._on: Path | None = None
        # The run to compare others with.
        self._chosen = ""
        self._comparing: ComparisonLoader | None = None

    def body(self) -> Iterable[Widget]:
        """Yield list, trends and comparison, one of which is visible, and a line about it."""
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
        """Check every second whether a listed run has lost its runner."""
        self.set_interval(1.0, self._look_at_live)

    def _look_at_live(self) -> None:
        runs = self.session.past_runs or []
        if self.is_current and any(run.live and not run.folder.is_live() for run in runs):
            self.session.read_past()

    async def catch_up(self) -> None:
        """Show the current list, and read it again."""
        self.engine_seen()
        self.session.read_past()

    def engine_seen(self) -> None:
        """Show the runs that were read."""
        if not self.is_built:
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
        """Gray out or hide commands that don't apply to the selected run."""
        if not self.is_built:
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
        """The selected run."""
        runs = self.session.past_runs or []
        row = self.query_one(RunTable).row
        return runs[row] if row < len(runs) else None

    @on(CellTable.Marked, "#runs")
    def row_marked(self) -> None:
        """Update the commands for the selected run."""
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
            words = f"run folder {run.name} was removed; trends (t) and comparisons (c) still work"
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
            cancel_all(self.session, run.folder, test_only=run.record.test_only)

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
        """Mark or unmark the run to compare others with."""
        if (run := self.marked) is not None:
            self._chosen = "" if self._chosen == run.name else run.name
            self.engine_seen()

    def action_trends(self) -> None:
        """Switch between the trends of the run's images and the list."""
        run = self.marked
        if self.view == "trends" or run is None:
            self.action_back()
            return
        records = [one.record for one in self.session.past_runs or [] if not one.live]
        series = trends(records, run.record)
        view = self.query_one(TrendView)
        view.show(series)
        told = "runs from the same source" if series else "no images built yet"
        words = f"Esc goes back · {told}"
        self._in_sight(
            "trends", Content.assemble((f"Trends for run {run.name}", "bold"), f" · {words}")
        )
        view.table.focus()

    def action_compare(self) -> None:
        """Compare the run with the marked one, else with the previous one."""
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
            words = "no earlier run built the same images: press x to mark a run to compare with"
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
                ("Comparison", "bold"), " · ▲ ✗ worse, ▼ ✓ better · Esc goes back"
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
