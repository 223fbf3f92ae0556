"""`make bench PARTS=growth`: the cost of a line with more lanes and with more lines.

Each figure is from a separate process, which folds a finished run and then draws up to sixteen
logs in a headless application. It is the CPU time per line, which must not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.log.pane import LogPane
from tests.bench.flood import PIPED, finished
from tests.bench.rows import Row
from tests.bench.seat import resident
from tests.bench.streams import Sixteen

LANES = (1, 4, 16, 64)
LINES = (10_000, 100_000, 1_000_000)
# The total lines for each number of lanes, and the lanes for each number of lines.
LINES_OF_LANES, LANES_OF_LINES = 256_000, 16
# The largest allowed ratio of least and most, to allow for noise.
_FLAT = 2.0
_PAINTS, _ROUNDS, _PANES = 30, 3, 16
_PART = "Growth"


def measure(_: argparse.Namespace) -> list[Row]:
    """Measure everything and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        place = Path(folder)
        lanes = {n: _in_a_process(place / f"lanes-{n}", LINES_OF_LANES, n) for n in LANES}
        lines = {n: _in_a_process(place / f"lines-{n}", n, LANES_OF_LINES) for n in LINES}
    return [
        *_grown("lanes", {n: one["folding"] for n, one in lanes.items()}, "CPU per line", "µs"),
        *_held(f"{LINES_OF_LANES:,} lines in {{:,}} lanes", lanes),
        *_grown("lines", {n: one["folding"] for n, one in lines.items()}, "CPU per line", "µs"),
        *_held(f"{{:,}} lines in {LANES_OF_LINES} lanes", lines),
        *_grown("lines", {n: one["painting"] for n, one in lines.items()}, "CPU per frame", "ms"),
    ]


def _held(what: str, found: dict[int, dict[str, Any]]) -> list[Row]:
    """Return the memory of lines compared with their plain text; the most must not take more."""
    last = max(found)
    return [
        Row(
            _PART,
            f"memory for {what.format(number)}",
            "MB",
            one["held"],
            "their bare text",
            one["text"],
            ("≤", 1.0) if number == last else None,
        )
        for number, one in found.items()
    ]


def _grown(what: str, found: dict[int, list[float]], cost: str, unit: str) -> list[Row]:
    """Return each figure compared with the smallest one; the largest must not cost more each."""
    first, *others = found
    return [
        Row(
            _PART,
            f"{cost}, {number:,} {what}",
            unit,
            found[number],
            f"{first:,} {what}",
            found[first],
            ("≤", _FLAT) if number == others[-1] else None,
        )
        for number in others
    ]


def _in_a_process(place: Path, lines: int, lanes: int) -> dict[str, Any]:
    run = finished(place, lines, lanes, PIPED)
    command = (sys.executable, "-m", "tests.bench.growth", str(run))
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return dict(json.loads(output))


def fold(run: RunFolder) -> dict[str, list[float]]:
    """Return the CPU seconds per line, the total bytes, and the CPU seconds per frame."""
    before, folding, follower = resident("VmRSS"), [], Follower(run)
    for number in range(_ROUNDS):
        if number:
            follower = Follower(run)
        began = time.process_time()
        follower.read_all()
        count = sum(len(lane.log) for lane in follower.state.lanes)
        folding.append((time.process_time() - began) / count)
        if not number:
            took = float(resident("VmHWM") - before)
    logs = [lane.log for lane in follower.state.lanes]
    text = float(sum(len(log.text(at)) for log in logs for at in range(len(log))))
    painting = asyncio.run(_paint(follower))
    return {"folding": folding, "held": [took], "text": [text], "painting": painting}


async def _paint(follower: Follower) -> list[float]:
    """Return the CPU seconds of each frame in which every log has one more line."""
    panes = [LogPane(lane.log) for lane in follower.state.lanes[:_PANES]]
    app, took = Sixteen(panes), []
    async with app.run_test(size=(200, 60)):
        for pane in panes:
            pane.flush()
        await app.paint()
        for number in range(_PAINTS):
            began = time.process_time()
            for pane in panes:
                pane.log_lines.add(f"one more: {number}", step=0, at=0.0)
                pane.flush()
            await app.paint()
            took.append(time.process_time() - began)
    return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fold(RunFolder(Path(sys.argv[1])))))
