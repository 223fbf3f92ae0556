"""The measured seat: a console, or a peer's widgets, on a real terminal and a run folder.

`python -m tests.bench.seat WHO FOLDER RESULT` runs until the run it shows is over and all of it
is read, and writes what it noted as JSON. WHO is `ours`, `Log` or `RichLog`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widgets import Log, RichLog

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.state import RunState
from openhqm_tui.run.follow import Follower
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.log_pane import LogPane
from tests.bench.flood import line, number_of
from tests.tui.conftest import World

_TICK = 0.001


class Notes:
    """What is noted while it runs; times in seconds of the monotonic clock, one for all processes."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.gaps: list[tuple[float, float]] = []
        self.cpu: list[tuple[float, float]] = []
        self.drawn: list[tuple[float, int, int]] = []
        self.first_lines = 0.0
        self.all_read = 0.0
        self.reader = False

    async def watch_loop(self, probe: bool) -> None:
        """Note how late the loop wakes a task that sleeps a millisecond, and the CPU time used."""
        noted = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK if probe else 0.25)
            now = time.monotonic()
            if probe:
                self.gaps.append((now, now - before - _TICK))
            if now - noted >= 0.25:
                noted = now
                self.cpu.append((now, time.process_time()))

    def keep(self, file: Path, state: RunState | None, **more: Any) -> None:
        """Write all to a file."""
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        noted: dict[str, Any] = dict(vars(self)) | {"ended": time.monotonic(), "memory": most}
        if state is not None:
            lanes = {f"{lane.target.name} {lane.platform}": lane.log for lane in state.lanes}
            noted["lines"] = {name: numbered(log) for name, log in lanes.items()}
        file.write_text(json.dumps(noted | more), encoding="utf-8")


def numbered(log: LogLines) -> int:
    """Return how many lines of the flood are in a log; -1 if one is missing, twice or changed."""
    texts = [log.text(at) for at in range(len(log)) if log.stream(at)]
    texts = [text for text in texts if number_of(text) >= 0]
    return len(texts) if texts == [line(number) for number in range(len(texts))] else -1


@contextmanager
def noted_drawing(notes: Notes, app: App[Any]) -> Iterator[None]:
    """Note with each paint what the log in focus shows: its first row's line, its width."""
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

    LogPane.render_line, app._display = render_line, display  # type: ignore[method-assign]
    try:
        yield
    finally:
        LogPane.render_line = draw  # type: ignore[method-assign]


def ours(folder: RunFolder, result: Path, probe: bool) -> None:
    """Run the real console until the run is over."""
    world = World(state=folder.path.parent.parent)
    services = replace(world.services(), now=time.time)
    notes = Notes()

    class Seat(ConsoleApp):
        second: LogPane
        read: tuple[int, str] | None = None
        shown: RunState | None = None

        def sit_down(self) -> None:
            """Put the focus on the first log; read the second, a little above its end."""
            full = [p for p in self.screen.query(LogPane) if len(p.view) > p.view.height + 20]
            if len(full) > 2 and all(p.is_on_screen for p in full[:2]):
                notes.first_lines = time.monotonic()
                full[0].focus()
                self.second = full[1]
                self.second.view.scroll(-10)
                self.second.fit()
                self.set_timer(1.0, self.settle_down)

        def settle_down(self) -> None:
            """Remember which line is the first in sight."""
            self.read = (self.second.view.top[0], first_row(self.second))

        def on_ready(self) -> None:
            self.run_worker(notes.watch_loop(probe))
            self.run_worker(self.until_over())

        async def until_over(self) -> None:
            while not self.run_state or self.follow.live:
                await asyncio.sleep(0.02)
                if not notes.first_lines:
                    self.sit_down()
            notes.all_read = time.monotonic()
            self.shown = self.run_state
            if self.read is not None:
                notes.reader = self.read == (self.second.view.top[0], first_row(self.second))
            await asyncio.sleep(0.5)
            self.exit(0)

    app = Seat(services, run=folder)
    with noted_drawing(notes, app):
        app.run()
    notes.keep(result, app.shown)


def first_row(pane: LogPane) -> str:
    """Return what the first row of a log shows."""
    return pane.render_line(0).text


class Peer(App[None]):
    """Sixteen of Textual's own log widgets, fed as they ask to be, by the same reader as ours."""

    CSS = "Grid { grid-size: 4 4; }"

    def __init__(self, kind: type[Log] | type[RichLog], folder: RunFolder, notes: Notes) -> None:
        super().__init__()
        self.follower = Follower(folder)
        self.notes = notes
        self.logs = {lane.key: kind() for lane in self.follower.state.lanes}
        self.given = dict.fromkeys(self.logs, 0)

    def compose(self) -> ComposeResult:
        yield Grid(*self.logs.values())

    def on_ready(self) -> None:
        self.run_worker(self.notes.watch_loop(True))
        self.set_interval(0.1, self.look)

    def look(self) -> None:
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


def peer(kind: type[Log] | type[RichLog], folder: RunFolder, result: Path) -> None:
    """Run a peer until the run is over."""
    notes = Notes()
    app = Peer(kind, folder, notes)
    app.run()
    notes.keep(result, app.follower.state)


def idle(result: Path) -> None:
    """Note how late a loop is that has nothing else to do, for five seconds."""
    notes = Notes()

    async def wait() -> None:
        watching = asyncio.create_task(notes.watch_loop(True))
        await asyncio.sleep(5)
        watching.cancel()

    asyncio.run(wait())
    notes.keep(result, None)


if __name__ == "__main__":
    who, run, out = sys.argv[1], RunFolder(Path(sys.argv[2])), Path(sys.argv[3])
    if who == "idle":
        idle(out)
    elif who in {"Log", "RichLog"}:
        peer({"Log": Log, "RichLog": RichLog}[who], run, out)
    else:
        ours(run, out, probe=who == "ours")
