"""The measured program: a console, or a peer's widgets, on a real terminal and a run folder.

`python -m tests.bench.seat PROGRAM FOLDER RESULT` runs until its run is finished and completely
read, and writes the recorded figures as JSON. PROGRAM is `ours`, `Log` or `RichLog`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widgets import Log, RichLog

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.garbage import freeze
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.lane_grid import LanePanes
from tests.bench.flood import line, number_of
from tests.tui.conftest import World

_TICK = 0.001


class Notes:
    """The recorded figures; times in seconds of the clock shared by all processes."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.gaps: list[tuple[float, float, float]] = []
        self.cpu = [(self.began, time.process_time())]
        self.drawn: list[tuple[float, int, int]] = []
        self.first_lines = 0.0
        self.panes = 0
        self.all_read = 0.0
        self.reader = False

    async def watch_loop(self, probe: bool) -> None:
        """Record how late the loop wakes a task that sleeps a millisecond, and the CPU time used.

        With each delay, the CPU time of this thread is recorded: on a busy machine, the rest of a
        delay is due to other processes.
        """
        noted = 0.0
        while True:
            before, busy = time.monotonic(), time.thread_time()
            await asyncio.sleep(_TICK if probe else 0.25)
            now = time.monotonic()
            if probe:
                self.gaps.append((now, now - before - _TICK, time.thread_time() - busy))
            if now - noted >= 0.25:
                noted = now
                self.cpu.append((now, time.process_time()))

    def keep(self, file: Path, state: RunState | None, **more: Any) -> None:
        """Write all figures to a file."""
        self.cpu.append((time.monotonic(), time.process_time()))
        noted: dict[str, Any] = dict(vars(self)) | {"ended": time.monotonic()}
        noted |= {"memory": resident("VmHWM"), "memory_now": resident("VmRSS")}
        if state is not None:
            lanes = {f"{lane.target.name} {lane.platform}": lane.log for lane in state.lanes}
            noted["lines"] = {name: numbered(log) for name, log in lanes.items()}
        file.write_text(json.dumps(noted | more), encoding="utf-8")


def resident(name: str) -> int:
    """Return the resident bytes of this process, `VmRSS` now or `VmHWM` at the peak.

    The peak of `getrusage` includes that of the parent process.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(name)) * 1024


def numbered(log: LogLines) -> int:
    """Return the number of flood lines in a log, -1 if one is missing, duplicated or changed."""
    texts = [log.text(at) for at in range(len(log)) if log.stream(at)]
    texts = [text for text in texts if number_of(text) >= 0]
    return len(texts) if texts == [line(number) for number in range(len(texts))] else -1


@contextmanager
def noted_drawing(notes: Notes, app: App[Any]) -> Iterator[None]:
    """Record with each paint the first line and the width of the focused log."""
    top = [-1, -1]
    draw, paint = LogPane.render_line, app._display

    def render_line(pane: LogPane, y: int) -> Any:
        if pane.has_focus:
            top[:] = [pane.view.top[0], pane.size.width]
        return draw(pane, y)

    def display(*words: Any) -> None:
        paint(*words)
        if not notes.drawn or notes.drawn[-1][1:] != tuple(top):
            notes.drawn.append((time.monotonic(), top[0], top[1]))

    with (
        patch.object(LogPane, "render_line", render_line),
        patch.object(app, "_display", display),
    ):
        yield


def ours(folder: RunFolder, result: Path, probe: bool) -> None:
    """Run the real console until the run is finished."""
    # With all panes, as many logs as possible are drawn.
    world = World(state=folder.path.parent.parent, run_view="panes")
    notes = Notes()
    backend: Any = world.backend()
    backend.now = time.time
    app = ConsoleApp(backend, run=folder)
    state: RunState | None = None

    async def sit(_: object) -> None:
        nonlocal state
        watching = asyncio.create_task(notes.watch_loop(probe))
        reader = Reader(app, notes)
        while not app.session.run_state or not app.session.watch.idle:
            await asyncio.sleep(0.02)
            reader.scroll_up()
            # The maximum, because only one is visible while zoomed.
            panes = app.screen.query(LanePanes)
            notes.panes = max([notes.panes, *(len(some.visible_panes) for some in panes)])
        notes.all_read = time.monotonic()
        notes.reader = reader.still_reads()
        state = app.session.run_state
        await asyncio.sleep(0.5)
        watching.cancel()
        app.exit(0)

    with noted_drawing(notes, app):
        app.run(auto_pilot=sit)
    if app.return_code:
        raise SystemExit(app.return_code)
    notes.keep(result, state)


class Reader:
    """A user with the focus on the first log who has scrolled up slightly in the second."""

    def __init__(self, app: ConsoleApp, notes: Notes) -> None:
        self._app = app
        self._notes = notes
        self._pane: LogPane | None = None
        self._read = (-1, "")

    def scroll_up(self) -> None:
        """Scroll up as soon as there is enough to read."""
        if self._pane is None:
            full = [p for p in self._app.screen.query(LogPane) if len(p.view) > p.view.height + 20]
            if len(full) > 2 and all(pane.is_on_screen for pane in full[:2]):
                self._notes.first_lines = time.monotonic()
                full[0].focus()
                self._pane = full[1]
                self._pane.view.scroll(-10)
                self._pane.fit()
                self._app.set_timer(1.0, self._remember)

    def still_reads(self) -> bool:
        """Return whether the same line is still the first visible one."""
        return self._pane is not None and self._read == self._first()

    def _remember(self) -> None:
        self._read = self._first()

    def _first(self) -> tuple[int, str]:
        assert self._pane is not None
        return self._pane.view.top[0], self._pane.render_line(0).text


class Peer(App[None]):
    """Sixteen of Textual's own log widgets, fed by the same follower as ours."""

    CSS = "Grid { grid-size: 4 4; }"

    def __init__(self, kind: Callable[[], Log | RichLog], folder: RunFolder, notes: Notes) -> None:
        super().__init__()
        self.follower = Follower(folder)
        self.notes = notes
        self.logs = {lane.key: kind() for lane in self.follower.state.lanes}
        self.given = dict.fromkeys(self.logs, 0)

    def compose(self) -> ComposeResult:
        yield Grid(*self.logs.values())

    def on_ready(self) -> None:
        self.run_worker(self.notes.watch_loop(True))
        self.call_after_refresh(freeze)
        self.set_interval(0.1, self.poll)

    def poll(self) -> None:
        more = True
        while more:
            more = self.follower.poll().more
        for lane in self.follower.state.lanes:
            before, now = self.given[lane.key], len(lane.log)
            texts = [lane.log.text(at) for at in range(before, now)]
            self.given[lane.key] = now
            widget = self.logs[lane.key]
            if isinstance(widget, Log):
                widget.write_lines(texts)
            else:
                for text in texts:
                    widget.write(Text.from_ansi(text))
        if self.follower.finished:
            self.notes.all_read = time.monotonic()
            self.exit()


def peer(kind: Callable[[], Log | RichLog], folder: RunFolder, result: Path) -> None:
    """Run a peer until the run is finished."""
    notes = Notes()
    app = Peer(kind, folder, notes)
    app.run()
    notes.keep(result, app.follower.state)


def idle(result: Path) -> None:
    """Record the delay of an idle loop for five seconds."""
    notes = Notes()

    async def wait() -> None:
        watching = asyncio.create_task(notes.watch_loop(True))
        await asyncio.sleep(5)
        watching.cancel()

    asyncio.run(wait())
    notes.keep(result, None)


if __name__ == "__main__":
    program, run, out = sys.argv[1], RunFolder(Path(sys.argv[2])), Path(sys.argv[3])
    if program == "idle":
        idle(out)
    elif program == "Log":
        peer(Log, run, out)
    elif program == "RichLog":
        peer(RichLog, run, out)
    else:
        ours(run, out, probe=program == "ours")
