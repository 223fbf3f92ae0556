"""`make bench PARTS=history`: list, trends, comparison and forecast, over 10 to 10,000 runs.

Each is measured from the database to the data for the screen, and for a thousand runs also in the
console: from the key to the table on screen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from openhqm_tui.domain.history.comparison import compare, lines_of
from openhqm_tui.domain.history.forecast import Forecast
from openhqm_tui.domain.history.record import RunRecord
from openhqm_tui.domain.history.trends import trends
from openhqm_tui.run.follow.history_index import samples_for, whole_run
from openhqm_tui.store.history.database import History
from openhqm_tui.store.history.rows import Origin
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.history.past_runs import PastRuns, read_past
from openhqm_tui.tui.history.screen import RunTable
from tests.bench.rows import Row
from tests.our_variants import VARIANT_NAMES
from tests.synthetic import synthetic_runs

PART = "History"
SIZES = (10, 100, 1000, 10_000)
MANY = 1000
ROUNDS = 9
WANTED = 0.1


def measure(options: argparse.Namespace) -> list[Row]:
    """Measure everything, save the figures, and return the rows."""
    figures: dict[int, dict[str, list[Took]]] = {}
    peaks: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        for many in SIZES:
            state = Path(folder) / str(many)
            state.mkdir()
            with History(state) as history:
                for run in synthetic_runs(many):
                    history.put(run, 1)
            figures[many] = _measured(state)
            peaks[many] = _peak(lambda state=state: read_past(state))  # type: ignore[misc]
            sys.stderr.write(f"history: {many} runs done\n")
            if many == MANY:
                figures[many] |= asyncio.run(on_screen(state))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "history.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return _rows(figures, peaks)


def _measured(state: Path) -> dict[str, list[Took]]:
    runs = [past.record for past in read_past(state).runs]
    one, other = runs[1].id, runs[0].id
    place = Origin("bundled", "/openhqm", "/openhqm/Dockerfile", "linux/amd64")
    return {
        "list: read": timed(lambda: read_past(state)),
        "trends": timed(lambda: trends(runs, runs[0])),
        "comparison: read and formatted": timed(
            lambda: lines_of(compare(whole_run(state, one), whole_run(state, other)))
        ),
        "estimate: read and computed": timed(
            lambda: Forecast(samples_for(state, place, VARIANT_NAMES))
        ),
    }


def _rows(figures: dict[int, dict[str, list[Took]]], peaks: dict[int, int]) -> list[Row]:
    """Return a row for each measurement at a thousand runs, and its growth from ten runs."""
    rows = [
        Row(PART, f"{name}, {MANY:,} runs", "ms", _walls(times), wanted=("≤", WANTED))
        for name, times in figures[MANY].items()
    ]
    least, most = SIZES[0], SIZES[-1]
    for name, times in figures[most].items():
        before = _walls(figures[least][name])
        rows.append(
            Row(PART, f"{name}, {most:,} runs", "ms", _walls(times), f"{least} runs", before)
        )
    title = f"memory of the list at its peak, {most:,} runs"
    rows.append(Row(PART, title, "MB", [peaks[most]], f"{MANY:,} runs", [peaks[MANY]]))
    return rows


def _walls(times: list[Took]) -> list[float]:
    return [took.wall for took in times]


def _peak(work: Callable[[], object]) -> int:
    """Return the peak memory of a function in bytes."""
    tracemalloc.start()
    try:
        kept = work()  # noqa: F841 - kept alive while it is measured
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Took(NamedTuple):
    """Wall time and CPU time in seconds; on a busy machine only the latter is meaningful."""

    wall: float
    cpu: float


class Watch:
    """Measures the time since it was created."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def took(self) -> Took:
        """Return the time passed."""
        return Took(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def timed(work: Callable[[], object]) -> list[Took]:
    """Return the times of several calls."""
    found = []
    for _ in range(ROUNDS):
        watch = Watch()
        work()
        found.append(watch.took())
    return found


class Recorded(Backend):
    """A backend with the history in its own folder."""

    def past(self) -> PastRuns:
        return read_past(self.folder)

    def whole_run(self, name: str) -> RunRecord:
        return whole_run(self.folder, name)


async def on_screen(state: Path) -> dict[str, list[Took]]:
    """Return the time from a key to the updated screen of the console."""
    app = ConsoleApp(Recorded(state, Settings()))
    found: dict[str, list[Took]] = {"list": [], "trends, shown": [], "comparison, shown": []}
    async with app.run_test(size=(120, 40)) as pilot:
        while app.session.past_runs is None:
            await pilot.pause(0.02)
        await pilot.press("4")
        await pilot.pause(0.5)
        screen: Any = app.screen
        table = screen.query_one(RunTable)
        for _ in range(ROUNDS):
            watch = Watch()
            table.show_runs(app.session.past_runs, time.time(), "")
            table.render()
            found["list"].append(watch.took())
            for key, view, name in (
                ("t", "trends", "trends, shown"),
                ("c", "comparison", "comparison, shown"),
            ):
                drawn = asyncio.Event()
                watch = Watch()
                # The pilot waits until the app is idle, so press the key directly.
                app.simulate_key(key)
                while screen.view != view:  # noqa: ASYNC110 - the measured time must not include a wait
                    await asyncio.sleep(0)
                screen.call_after_refresh(drawn.set)
                await drawn.wait()
                found[name].append(watch.took())
                await pilot.press("escape")
    return found
