"""`make bench PARTS=streams`: from bytes on disk to state and pane, compared with peers.

Ours reads the rawjson streams of sixteen lanes from disk, decodes every record (JSON, Base64,
times) and folds it into the logs; every tenth line is colored. There are two shapes: records with a
piece of 4 KiB each, cut anywhere, as programs write into a pipe, and records with one line each, of
which a follower reads about as many in one poll as the widgets are given.
Sixteen of Textual's own log widgets get the same lines as text, decoded before the measurement,
`BATCH` lines each at a time. With `painted`, both draw all rows of sixteen mounted widgets after
each batch. Textual's Log measures lines in its own threads and is done when they are; `calls alone`
is only what its callers wait for. All alternate in one process, and rates are based on its CPU
time, so other processes on the machine don't count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Log, RichLog

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.log.text import shown_text
from openhqm_tui.tui.run.search_results import LanesSearch, Source
from tests.bench.flood import PIPED, finished, line
from tests.bench.rows import Row

LANES, ROUNDS = 16, 5
# Lines in a round, enough for an accurate measurement.
FOLDED = {"ours": 320_000, "ours, one line per record": 160_000, "Log": 160_000, "RichLog": 4_000}
PAINTED = {"ours, one line per record": 32_000, "Log": 16_000, "RichLog": 2_000}
# Twice a lane's share of a tenth of a second at 10,000 lines per second.
BATCH = 125
MANY = 1_000_000
_SLICE = 0.008
_SIZE = (200, 60)
_PART = "Streams and panes"
_PEERS: dict[str, Callable[[], Log | RichLog]] = {"Log": Log, "RichLog": RichLog}

_SHAPES = {
    "ours": ("chunks of 4 KiB", PIPED),
    "ours, one line per record": ("one line per record", 0),
}
_CALLS = {
    "Log": "Log.write_lines",
    "Log, calls": "Log.write_lines, calls alone",
    "RichLog": "RichLog.write",
}


def measure(_: argparse.Namespace) -> list[Row]:
    """Measure everything and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        place = Path(folder)
        folded = asyncio.run(in_turns(place / "folded", FOLDED, painted=False))
        painted = asyncio.run(in_turns(place / "painted", PAINTED, painted=True))
        searched = search_all(RunFolder(finished(place / "many", MANY, piece=PIPED)))
    return [
        *_rows("bytes on disk → state", folded, {"Log": 2.0, "RichLog": 40.0}),
        *_rows("bytes on disk → painted panes", painted, {}),
        Row(
            _PART,
            f"a regex through all lanes, {MANY:,} lines held",
            "s",
            [searched[0]],
            "the same over a list of the same text",
            [searched[1]],
        ),
        Row(_PART, "work in its longest slice", "ms", [searched[2]], wanted=("≤", 0.05)),
    ]


def _rows(what: str, rates: dict[str, list[float]], least: dict[str, float]) -> list[Row]:
    return [
        Row(
            _PART,
            f"{what}, {LANES} lanes, {shape}",
            "lines/s",
            rates[name],
            f"text → {LANES} × {call}",
            rates[peer],
            ("≥", least[peer]) if peer in least else None,
        )
        for name, (shape, _) in _SHAPES.items()
        for peer, call in _CALLS.items()
        if name in rates and peer in rates
    ]


async def in_turns(place: Path, lines: dict[str, int], *, painted: bool) -> dict[str, list[float]]:
    """Return the lines per second of all programs in each round."""
    rates: dict[str, list[float]] = {name: [] for name in lines}
    if not painted:
        rates["Log, calls"] = []
    runs = {
        name: RunFolder(finished(place / name, lines[name], piece=piece))
        for name, (_, piece) in _SHAPES.items()
        if name in lines
    }
    for _ in range(ROUNDS):
        for name, run in runs.items():
            rates[name].append(await ours(run, painted))
        for name in _PEERS:
            whole, calls = await peer(name, lines[name], painted)
            rates[name].append(whole)
            if f"{name}, calls" in rates:
                rates[f"{name}, calls"].append(calls)
    return rates


class Sixteen(App[None]):
    """Sixteen widgets in a grid, as large as the panes of the console."""

    CSS = "Grid { grid-size: 4 4; }"

    def __init__(self, widgets: Sequence[Widget]) -> None:
        super().__init__()
        self.widgets = widgets

    def compose(self) -> ComposeResult:
        yield Grid(*self.widgets)

    async def paint(self) -> None:
        """Wait for a refresh and draw every row of every widget."""
        done = asyncio.Event()
        self.screen.call_after_refresh(done.set)
        await done.wait()
        for widget in self.widgets:
            widget.render_lines(Region(0, 0, *widget.size))


async def ours(run: RunFolder, painted: bool) -> float:
    """Return our lines per CPU second."""
    follower = Follower(run)
    panes = [LogPane(lane.log) for lane in follower.state.lanes]
    app = Sixteen(panes if painted else [])
    async with app.run_test(size=_SIZE):
        gc.collect()
        began, shown = time.process_time(), 0
        while not follower.finished:
            follower.poll()
            if painted and (held(follower.state) - shown >= BATCH * LANES or follower.finished):
                shown = held(follower.state)
                for pane, lane in zip(panes, follower.state.lanes, strict=True):
                    pane.show(lane.log)
                await app.paint()
        took = time.process_time() - began
        assert not painted or all(pane.rows for pane in panes)
    return held(follower.state) / took


async def peer(name: str, lines: int, painted: bool) -> tuple[float, float]:
    """Return the lines per CPU second of a Textual widget: for all its work, and for the calls."""
    widgets = [_PEERS[name]() for _ in range(LANES)]
    texts = [line(number) for number in range(lines // LANES)]
    app = Sixteen(widgets)
    async with app.run_test(size=_SIZE):
        gc.collect()
        began, calls = time.process_time(), 0.0
        for batch in _batches(texts):
            calling = time.thread_time()
            for widget in widgets:
                if isinstance(widget, Log):
                    widget.write_lines(batch)
                else:
                    for text in batch:
                        widget.write(Text.from_ansi(text))
            calls += time.thread_time() - calling
            if painted:
                await app.paint()
        await app.workers.wait_for_complete()
        took = time.process_time() - began
        assert all(len(widget.lines) >= len(texts) for widget in widgets)
    return len(texts) * LANES / took, len(texts) * LANES / calls


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(texts), BATCH):
        yield texts[first : first + BATCH]


def held(state: RunState) -> int:
    """Return the total number of log lines of all lanes."""
    return sum(len(lane.log) for lane in state.lanes)


def search_all(run: RunFolder) -> tuple[float, float, float]:
    """Return CPU seconds: our search in all lines, `re` over a list, and our longest slice.

    The expression matches one line in a thousand.
    """
    follower = Follower(run)
    follower.read_all()
    lanes = follower.state.lanes
    pattern = re.compile(r"module_99[78]\.py")
    sources = [Source(*lane.key, lane.log, str) for lane in lanes]
    search = LanesSearch(sources, time.monotonic)
    search.search(pattern)
    slices, more = [], True
    while more:
        began = time.thread_time()
        more = search.advance(_SLICE)
        slices.append(time.thread_time() - began)
    texts = [shown_text(lane.log.text(at)) for lane in lanes for at in range(len(lane.log))]
    began = time.thread_time()
    found = sum(pattern.search(text) is not None for text in texts)
    took = time.thread_time() - began
    if found != sum(search.counts):
        raise SystemExit(f"found {sum(search.counts)} lines of {found}")
    return sum(slices), took, max(slices)
