"""`make bench`, its second half: the console under a flood of log lines, beside its peers.

Everything runs on a real terminal of 200×60 (a pty that this process drains), over the same
kind of live run folder, written by another process at the same rate: 16 lanes, all in sight.
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
from typing import Any

from tests.bench.flood import finished
from tests.bench.rows import Row

RATE = 10_000
SECONDS = {"ours": 24.0, "unprobed": 9.0, "Log": 9.0, "RichLog": 5.0}
# The first seconds are those of starting and of the first screenful.
WARM = 3.0
MANY = 1_000_000
_SIZE = struct.pack("HHHH", 60, 200, 0, 0)
# In turns: each changes which lines the log in focus shows, or how wide it is.
KEYS = (
    ("page up", b"\x1b[5~"),
    ("zoom", b"\r"),
    ("page up, zoomed", b"\x1b[5~"),
    ("zoom back", b"\r"),
)


def measure(asked: argparse.Namespace) -> list[Row]:
    """Measure all, print a table, and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        place = Path(folder)
        figures: dict[str, Any] = {"rate": RATE, "machine": machine(place)}
        for who, seconds in SECONDS.items():
            figures[who] = flooded(place, who, seconds)
            say(f"{who}: done")
        figures["opening"] = opened(place)
    text = table(figures)
    sys.stdout.write(text)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "console.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return []


def machine(place: Path) -> dict[str, float]:
    """Return how late a loop is that has nothing to do, here and now."""
    result = place / "machine.json"
    subprocess.run((sys.executable, "-m", "tests.bench.seat", "idle", "", str(result)), check=True)
    return lateness(json.loads(result.read_bytes()), 0.0)


def flooded(place: Path, who: str, seconds: float) -> dict[str, Any]:
    """Let a flood in on somebody and return the figures."""
    state, result = place / who, place / f"{who}.json"
    command = (sys.executable, "-m", "tests.bench.flood", str(state), str(RATE), str(seconds))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
        assert flood.stdout is not None
        folder = flood.stdout.readline().strip()
        pressed = at_a_terminal(who, folder, result, seconds if who == "ours" else 0.0)
        given = json.loads(flood.stdout.read())
    noted = json.loads(result.read_bytes())
    figures: dict[str, Any] = {
        "loop": lateness(noted, seconds),
        "cpu": cpu_share(noted, seconds),
        "memory": noted["memory"],
        "lines": sum(given["lines"].values()),
        "missing": sum(given["lines"].values()) - sum(noted["lines"].values()),
        "late": max(0.0, noted["all_read"] - noted["began"] - seconds),
    }
    if who == "ours":
        figures["keys"] = answers(pressed, noted["drawn"])
        figures["reader"] = noted["reader"]
    return figures


def opened(place: Path) -> dict[str, Any]:
    """Open a finished run of a million lines and return the figures."""
    result = place / "opened.json"
    at_a_terminal("ours", str(finished(place / "opened", MANY)), result, 0.0)
    noted = json.loads(result.read_bytes())
    return {
        "lines": sum(noted["lines"].values()),
        "first_lines": noted["first_lines"] - noted["began"],
        "all_read": noted["all_read"] - noted["began"],
        "memory": noted["memory"],
        "loop": lateness(noted, 0.0, warm=0.5),
    }


def at_a_terminal(who: str, folder: str, result: Path, typing: float) -> list[tuple[float, str]]:
    """Run a seat on a pty of its own; type for so many seconds; return what was pressed when."""
    terminal, seat_end = pty.openpty()
    fcntl.ioctl(seat_end, termios.TIOCSWINSZ, _SIZE)
    environment = dict(os.environ) | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    seat = subprocess.Popen(
        (sys.executable, "-m", "tests.bench.seat", who, folder, str(result)),
        stdin=seat_end,
        stdout=seat_end,
        stderr=seat_end,
        env=environment,
        start_new_session=True,
    )
    os.close(seat_end)
    pressed: list[tuple[float, str]] = []
    began = time.monotonic()
    due, said = began + WARM, b""
    try:
        while seat.poll() is None:
            ready, _, _ = select.select([terminal], [], [], 0.05)
            if ready:
                try:
                    said = (said + os.read(terminal, 1 << 16))[-4000:]
                except OSError:
                    break  # the other end is closed
            now = time.monotonic()
            if typing and now >= due and now < began + typing - 1.5:
                name, key = KEYS[len(pressed) % len(KEYS)]
                os.write(terminal, key)
                pressed.append((now, name))
                due = now + 0.3
    finally:
        os.close(terminal)
    if seat.wait(timeout=20) != 0 or not result.exists():
        raise SystemExit(f"{who} ended badly:\n{said.decode('utf-8', 'replace')}")
    return pressed


def answers(pressed: Sequence[tuple[float, str]], drawn: list[list[float]]) -> dict[str, Any]:
    """Return the seconds from each key to the first paint that shows what it did."""
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
    """Return how late the loop was while lines came, and how much of that was its own work.

    Each as median, 99th percentile and worst, in seconds.
    """
    first = noted["began"] + (warm if seconds or warm != WARM else 0.0)
    last = noted["began"] + seconds if seconds else noted["all_read"] or noted["ended"]
    # One who is late when lines stop coming has been late while they came.
    within = [(late, own) for at, late, own in noted["gaps"] if at > first and at - late < last]
    return {
        "times": len(within),
        "late": spread([late for late, _ in within]),
        "own": spread([own for _, own in within]),
    }


def spread(values: Sequence[float]) -> list[float]:
    """Return median, 99th percentile and worst; nothing of nothing."""
    ranked = sorted(values)
    return [ranked[int((len(ranked) - 1) * part)] for part in (0.5, 0.99, 1.0) if ranked]


def cpu_share(noted: dict[str, Any], seconds: float) -> float:
    """Return the share of one core that the seat took while lines came."""
    first, last = noted["began"] + WARM, noted["began"] + seconds
    began, before = [one for one in noted["cpu"] if one[0] <= first][-1]
    ended, after = next((one for one in noted["cpu"] if one[0] > last), noted["cpu"][-1])
    return float((after - before) / (ended - began))


def table(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"16 lanes, {figures['rate']} lines/s together, 200×60, all panes in sight; milliseconds",
        "as median / 99th percentile / worst",
        "",
        "| who | loop late | of it own work | CPU of a core | lines | missing | read after the end "
        "| MB |",
        "|---|---|---|---|---|---|---|---|",
        f"| an idle loop | {_ms(figures['machine']['late'])} | {_ms(figures['machine']['own'])} "
        "| | | | | |",
    ]
    for who in SECONDS:
        one = figures[who]
        lines.append(
            f"| {who} | {_ms(one['loop']['late'])} | {_ms(one['loop']['own'])} | {one['cpu']:.0%} "
            f"| {one['lines']} | {one['missing']} | {one['late']:.1f} s "
            f"| {one['memory'] / 1e6:.0f} |"
        )
    keys, opened = figures["ours"]["keys"], figures["opening"]
    lines += [
        "",
        f"{keys['pressed']} keys pressed, {keys['unanswered']} unanswered; from key to paint "
        f"{_ms(keys['seconds'])}; medians: "
        + ", ".join(f"{name} {some * 1000:.0f}" for name, some in keys["medians"].items()),
        f"a reader further up stays where they are: {'yes' if figures['ours']['reader'] else 'NO'}",
        f"opening a finished run of {opened['lines']} lines: the first after "
        f"{opened['first_lines']:.2f} s, all after {opened['all_read']:.1f} s, loop late "
        f"{_ms(opened['loop']['late'])}, own work {_ms(opened['loop']['own'])}, "
        f"{opened['memory'] / 1e6:.0f} MB",
    ]
    return "\n".join(lines) + "\n"


def _ms(seconds: Sequence[float]) -> str:
    return " / ".join(f"{one * 1000:.1f}" for one in seconds) or "–"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
