"""`make bench PARTS=console`: the console under a flood of log lines, compared with its peers.

Everything runs on a real terminal (a pty that this process drains), over the same kind of live run
folder of sixteen lanes, written by another process at the same rate; and over a finished run.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.console_rows import rows_of
from tests.bench.flood import PIPED, finished
from tests.bench.rows import Row

RATE = 10_000
MANY = 1_000_000
# The first seconds are spent starting and drawing the first screen.
WARM = 3.0
# Pressed in rotation: each changes the visible lines of the focused log, or its width.
PAGE_UP, PAGE_DOWN, ENTER = b"\x1b[5~", b"\x1b[6~", b"\r"
KEYS = (
    ("page up", PAGE_UP),
    ("zoom", ENTER),
    ("page up, zoomed", PAGE_UP),
    ("zoom back", ENTER),
)
SCROLLING = (("page up", PAGE_UP), ("page up", PAGE_UP), ("page down", PAGE_DOWN))


class Sitting(NamedTuple):
    """A program, its terminal size, the duration in seconds, and whether keys are pressed."""

    program: str
    size: tuple[int, int]
    seconds: float
    types: bool = False


SITTINGS = {
    "16 panes": Sitting("ours", (200, 60), 14.0, types=True),
    "16 panes, unprobed": Sitting("unprobed", (200, 60), 9.0),
    "8 panes": Sitting("ours", (120, 40), 12.0, types=True),
    "8 panes, unprobed": Sitting("unprobed", (120, 40), 9.0),
    "Log": Sitting("Log", (200, 60), 9.0),
    "RichLog": Sitting("RichLog", (200, 60), 5.0),
}


def measure(options: argparse.Namespace) -> list[Row]:
    """Measure everything and return the rows; all figures are saved in `console.json`."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        place = Path(folder)
        figures: dict[str, Any] = {"rate": RATE, "machine": machine(place)}
        for name, sitting in SITTINGS.items():
            figures[name] = flooded(place, name, sitting)
            report(f"{name}: done")
        figures["opening"] = opened(place)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "console.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return rows_of(figures)


def machine(place: Path) -> dict[str, float]:
    """Return the delay of an idle event loop on this machine now."""
    result = place / "machine.json"
    subprocess.run((sys.executable, "-m", "tests.bench.seat", "idle", "", str(result)), check=True)
    return lateness(json.loads(result.read_bytes()), 0.0)


def flooded(place: Path, name: str, sitting: Sitting) -> dict[str, Any]:
    """Measure a program under a flood and return the figures."""
    state, result, seconds = place / name, place / f"{name}.json", sitting.seconds
    command = (sys.executable, "-m", "tests.bench.flood", str(state), str(RATE), str(seconds))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
        assert flood.stdout is not None
        folder = flood.stdout.readline().strip()
        _, pressed = at_a_terminal(sitting, folder, result, KEYS if sitting.types else ())
        given = json.loads(flood.stdout.read())
    noted = json.loads(result.read_bytes())
    figures: dict[str, Any] = {
        "panes": noted["panes"],
        "loop": lateness(noted, seconds),
        "cpu": cpu_share(noted, seconds),
        "memory": noted["memory"],
        "lines": sum(given["lines"].values()),
        "missing": sum(given["lines"].values()) - sum(noted["lines"].values()),
        "late": max(0.0, noted["all_read"] - noted["began"] - seconds),
    }
    if sitting.types:
        figures["keys"] = answers(pressed, noted["drawn"])
        figures["reader"] = noted["reader"]
    return figures


def opened(place: Path) -> dict[str, Any]:
    """Open a finished run of a million lines, scroll while it is read, and return the figures.

    The process also starts the fake engine of the tests, so it takes slightly longer than ours.
    """
    result = place / "opened.json"
    folder = str(finished(place / "opened", MANY, piece=PIPED))
    began, pressed = at_a_terminal(Sitting("ours", (200, 60), 0.0), folder, result, SCROLLING)
    noted = json.loads(result.read_bytes())
    reading = [one for one in pressed if noted["first_lines"] < one[0] < noted["all_read"] - 0.1]
    return {
        "lines": sum(noted["lines"].values()),
        "first_screen": noted["first_lines"] - began,
        "first_lines": noted["first_lines"] - noted["began"],
        "all_read": noted["all_read"] - noted["began"],
        "memory": noted["memory"],
        "memory_now": noted["memory_now"],
        "loop": lateness(noted, 0.0, warm=noted["first_lines"] - noted["began"]),
        "keys": answers(reading, noted["drawn"]),
    }


def at_a_terminal(
    sitting: Sitting, folder: str, result: Path, keys: Sequence[tuple[str, bytes]]
) -> tuple[float, list[tuple[float, str]]]:
    """Run a seat on its own pty and press keys; return its start and the times of the keys.

    In a flood, keys are pressed after the first seconds, otherwise all the time.
    """
    terminal, seat_end = pty.openpty()
    columns, lines = sitting.size
    fcntl.ioctl(seat_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = dict(os.environ) | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    started = time.monotonic()
    seat = subprocess.Popen(
        (sys.executable, "-m", "tests.bench.seat", sitting.program, folder, str(result)),
        stdin=seat_end,
        stdout=seat_end,
        stderr=seat_end,
        env=environment,
        start_new_session=True,
    )
    os.close(seat_end)
    pressed: list[tuple[float, str]] = []
    flood = sitting.seconds
    due, pause, output = started + (WARM if flood else 0.5), 0.3 if flood else 0.15, b""
    try:
        while seat.poll() is None:
            ready, _, _ = select.select([terminal], [], [], 0.05)
            if ready:
                try:
                    output = (output + os.read(terminal, 1 << 16))[-4000:]
                except OSError:
                    break  # the other end is closed
            now = time.monotonic()
            if keys and now >= due and (not flood or now < started + flood - 1.5):
                name, key = keys[len(pressed) % len(keys)]
                os.write(terminal, key)
                pressed.append((now, name))
                due = now + pause
    finally:
        os.close(terminal)
    if seat.wait(timeout=20) != 0 or not result.exists():
        raise SystemExit(f"{sitting.program} failed:\n{output.decode('utf-8', 'replace')}")
    return started, pressed


def answers(pressed: Sequence[tuple[float, str]], drawn: list[list[float]]) -> dict[str, Any]:
    """Return the seconds from each key to the first paint that shows its effect."""
    found: dict[str, list[float]] = {}
    unanswered = 0
    ends = [moment for moment, _ in pressed[1:]] + [float("inf")]
    for (moment, name), end in zip(pressed, ends, strict=True):
        paint = next((at for at, _, _ in drawn if moment < at < end), None)
        if paint is None:
            unanswered += 1
        else:
            found.setdefault(name, []).append(paint - moment)
    every = [one for some in found.values() for one in some]
    return {
        "pressed": len(pressed),
        "unanswered": unanswered,
        "seconds": spread(every),
        "medians": {name: statistics.median(some) for name, some in found.items()},
    }


def lateness(noted: dict[str, Any], seconds: float, warm: float = WARM) -> dict[str, Any]:
    """Return the delay of the loop while lines came, and how much of it was its own work.

    Each as median, 99th percentile and worst, in seconds.
    """
    first = noted["began"] + (warm if seconds or warm != WARM else 0.0)
    last = noted["began"] + seconds if seconds else noted["all_read"] or noted["ended"]
    # A delay that is measured after the last line started before it.
    gaps = noted["gaps"]
    within = [(late, own) for at, late, own in gaps if first < at - late < last]
    return {
        "times": len(within),
        "late": spread([late for late, _ in within]),
        "own": spread([own for _, own in within]),
    }


def spread(values: Sequence[float]) -> list[float]:
    """Return median, 99th percentile and worst, or nothing without values."""
    ranked = sorted(values)
    return [ranked[int((len(ranked) - 1) * part)] for part in (0.5, 0.99, 1.0) if ranked]


def cpu_share(noted: dict[str, Any], seconds: float) -> float:
    """Return the share of one core that the seat used while lines came."""
    first, last = noted["began"] + WARM, noted["began"] + seconds
    began, before = [one for one in noted["cpu"] if one[0] <= first][-1]
    ended, after = next((one for one in noted["cpu"] if one[0] > last), noted["cpu"][-1])
    return float((after - before) / (ended - began))


def report(text: str) -> None:
    sys.stderr.write(f"{text}\n")
