"""`make bench PARTS=start`: from the shell to the first screen, idle, and quitting.

Every program runs on its own terminal, alternating with its peer: a Textual app that shows one
line, or `python -c pass`. A first paint counts when it is useful: the Plan matrix with its rows, or
the open run with its lanes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.history.database import History
from tests.bench.rows import Row
from tests.bench.terminal import MeasuredTerminal
from tests.synthetic import synthetic_runs
from tests.tui.folders import BOTH, EIGHT, STEPS, Made

PART = "Start, idle, quit"
ROUNDS = 11
QUICK_ROUNDS = 21
RESTS = 30.0
GLANCES = 10.0
MANY, MOST = 1000, 10_000
_BIN = Path(sys.executable).parent
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    BINDINGS = [("q", "quit", "")]
    def compose(self):
        yield Static("one line")
Bare().run()
"""
_ON_RUN = """
import sys
from pathlib import Path
from openhqm_tui.tui.core import garbage
garbage.pause()
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.store.settings import Settings
from openhqm_tui.cli.console import open_console
sys.exit(open_console(Settings(), RunFolder(Path(sys.argv[1]))))
"""
_PLAN = ("minimal", "linux/amd64")
_PASS = ("python -c pass", (sys.executable, "-c", "pass"))


@dataclass
class Seat:
    """A program on a terminal, the text of its first useful paint, and the measured seconds."""

    name: str
    command: tuple[str, ...]
    text: tuple[str, ...]
    environment: dict[str, str]
    leave: tuple[tuple[str, str], ...] = (("q", ""),)
    paints: list[float] = field(default_factory=list)
    quits: list[float] = field(default_factory=list)

    def open(self, place: Path) -> MeasuredTerminal:
        """Start the program."""
        return MeasuredTerminal(self.command, cwd=place, environment=self.environment)

    def round(self, place: Path) -> None:
        """Start the program, wait until it has drawn and is idle, and quit it."""
        with self.open(place) as terminal:
            self.paints.append(terminal.until(*self.text) - terminal.began)
            terminal.rest(1.0)
            for key, response in self.leave:
                terminal.press(key)
                at = time.monotonic()
                if response:
                    terminal.until(response)
                    terminal.rest(0.3)
            self.quits.append(terminal.ended() - at)


def measure(options: argparse.Namespace) -> list[Row]:
    """Measure everything and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        place = Path(folder) / "empty"
        place.mkdir()
        seats, live_run = _seats(Path(folder))
        for number in range(ROUNDS):
            for seat in seats if number % 2 == 0 else seats[::-1]:
                seat.round(place)
            _say(f"start: round {number + 1} of {ROUNDS}")
        live_run.release()
        rows = [*_start_rows(seats), *_quick_rows(place, seats[1].environment)]
        return rows + _idle_rows(place, seats)


def _seats(folder: Path) -> tuple[list[Seat], Made]:
    """Return all programs, and a live run for one of them."""
    none, over, live = (_state(folder / name) for name in ("none", "over", "live"))
    some, most = (_with_history(folder / str(count), count) for count in (MANY, MOST))
    run = _a_run(Path(over["OPENHQM_TUI_STATE_DIR"]))
    live_run = Made(Path(live["OPENHQM_TUI_STATE_DIR"]), EIGHT, created=time.time()).hold().start()
    for target in EIGHT:
        live_run.begin(target)
    nowhere = none | {"DOCKER_HOST": f"unix://{folder}/no-engine.sock"}
    console = (str(_BIN / "openhqm-tui"),)
    lane = (EIGHT[-1], "verified")
    leave_running = (("q", "A run is in progress"), ("q", ""))
    return [
        Seat("a bare Textual app", (sys.executable, "-c", _BARE), ("one line",), none),
        Seat("first paint", console, _PLAN, none),
        Seat("first paint, no engine", console, _PLAN, nowhere),
        Seat(f"first paint, {MANY:,} runs in the history", console, _PLAN, some),
        Seat(f"first paint, {MOST:,} runs in the history", console, _PLAN, most),
        Seat("a finished run of 8 × 2, opened", (sys.executable, "-c", _ON_RUN, run), lane, over),
        Seat("quit during a run", console, ("building", EIGHT[-1]), live, leave_running),
    ], live_run


def _state(folder: Path) -> dict[str, str]:
    folder.mkdir()
    return dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(folder)}


def _with_history(folder: Path, count: int) -> dict[str, str]:
    environment = _state(folder)
    with History(folder) as history:
        for run in synthetic_runs(count):
            history.put(run, 1)
    _say(f"start: {count} runs in the history")
    return environment


def _a_run(state: Path) -> str:
    made = Made(state, EIGHT, created=time.time() - 600).start()
    for target in EIGHT:
        made.begin(target)
        for platform in BOTH:
            made.lane(target, platform, len(STEPS), 1.0)
        made.finish(target, Outcome.PASSED, 8.0)
        for platform in BOTH:
            made.check(target, platform, 8.0)
    made.end(Outcome.PASSED, 9.0)
    return str(made.run.path)


def _start_rows(seats: Sequence[Seat]) -> list[Row]:
    bare, plan, *others = seats
    rows = [Row(PART, plan.name, "ms", plan.paints, bare.name, bare.paints, ("≤", 2.0))]
    without, *more = others
    rows += [Row(PART, without.name, "ms", without.paints, bare.name, bare.paints, ("≤", 2.0))]
    rows += [Row(PART, seat.name, "ms", seat.paints, bare.name, bare.paints) for seat in more[:3]]
    live = more[-1]
    rows.append(Row(PART, "quit", "ms", plan.quits, bare.name, bare.quits))
    rows.append(Row(PART, live.name, "ms", live.quits, bare.name, bare.quits))
    return rows


def _quick_rows(place: Path, environment: dict[str, str]) -> list[Row]:
    """Time the commands without a screen, alternating with a Python that does nothing."""
    ours = str(_BIN / "openhqm-tui")
    commands = {
        "--help": (ours, "--help"),
        "--version": (ours, "--version"),
        "variants": (ours, "variants"),
        "plan": (ours, "plan", "--build-all"),
        "runs": (ours, "runs"),
        _PASS[0]: _PASS[1],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(QUICK_ROUNDS):
        turn = list(commands.items())
        for name, command in turn if number % 2 == 0 else turn[::-1]:
            started = time.monotonic()
            subprocess.run(command, cwd=place, env=environment, capture_output=True, check=True)
            took[name].append(time.monotonic() - started)
    peer = took.pop(_PASS[0])
    limit = {"--help": ("≤", 4.0)}
    return [
        Row(PART, f"`openhqm-tui {name}`", "ms", times, _PASS[0], peer, limit.get(name))  # type: ignore[arg-type]
        for name, times in took.items()
    ]


def _idle_rows(place: Path, seats: Sequence[Seat]) -> list[Row]:
    """Measure the share of a core used while idle, and the number of wake-ups."""
    bare = _at_rest(place, seats[0], "", GLANCES)
    run = _at_rest(place, seats[5], "", RESTS)
    name = "a finished run on screen for 30 s, share of a core"
    rows = [Row(PART, name, "%", [run[0]], "a bare Textual app", [bare[0]])]
    rows.append(Row(PART, "the same, against the limit", "%", [run[0]], wanted=("≤", 0.01)))
    rows.append(Row(PART, "thread wake-ups per second", "", [run[1]], seats[0].name, [bare[1]]))
    for key, what in (("1", "Plan"), ("3", "Checks"), ("4", "History"), ("5", "Doctor")):
        share, _ = _at_rest(place, seats[5], key, GLANCES)
        rows.append(Row(PART, f"{what} idle, share of a core", "%", [share]))
    return rows


def _at_rest(place: Path, seat: Seat, key: str, seconds: float) -> tuple[float, float]:
    """Return the share of a core that an idle program uses, and its wake-ups per second."""
    with seat.open(place) as terminal:
        terminal.until(*seat.text)
        if key:
            terminal.press(key)
        # By then, background work after the first paint is finished too.
        terminal.rest(3.0)
        began, used, woken = time.monotonic(), terminal.cpu(), terminal.wakeups()
        terminal.rest(seconds)
        lasted = time.monotonic() - began
        found = (terminal.cpu() - used) / lasted, (terminal.wakeups() - woken) / lasted
        terminal.press("q")
        terminal.ended()
    _say(f"at rest, {seat.name} {key}: {found[0]:.2%}, {found[1]:.0f} wake-ups a second")
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
