"""The rounds on a real engine: each returns a short summary, or raises RoundFailed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial

from openhqm_tui.domain.run import events
from openhqm_tui.store.run_folder import RunFolder
from tests.soak import promises
from tests.soak.place import (
    MOMENTS,
    Place,
    RoundFailed,
    TooLate,
    following,
    has,
    runner_of,
    until,
    wait_for_moment,
)
from tests.soak.terminal import Console

# Seconds within which every follower must see that a runner was killed.
SEEN_WITHIN = 3.0
Expected = dict[str, promises.Result]


def undisturbed(place: Place, kind: str) -> promises.Result:
    """Build without a fault and return the result."""
    run = place.build(place.material(kind))
    until(partial(_is_over, run), "the run is finished")
    return promises.result_of(promises.passed(run))


def console(place: Place, kind: str, expected: Expected) -> str:
    """The console is killed: the run continues, and a later attach prints all of it."""
    material = place.material(kind)
    origin = place.random.choice(("keys", "opened"))
    opened = None if origin == "keys" else place.build(material)
    seat = Console(place, material.folder, opened)
    try:
        run = opened or _started_by_keys(place, seat, material.keys)
        if opened is not None and place.random.random() < 0.7:
            seat.wait_for("arm64")
        # If the run was started by keys, the console is already drawn.
        moment = wait_for_moment(run, place.random.choice(MOMENTS[1:]), place)
        with_terminal = place.random.random() < 0.5
        seat.kill(with_terminal=with_terminal)
        if has(run, events.RunEnded):
            raise TooLate(moment)
        live = place.path / "attached.json"
        attached = place.start("attach", run.path.name, "--format", "json", out=live)
        until(lambda: attached.poll() is not None, "attach ends with the run")
    finally:
        seat.close()
    until(lambda: not run.is_live(), "the runner is gone")
    state = promises.passed(run)
    promises.same_result(state, expected[kind])
    size = promises.streams_are_complete(run, state)
    later = place.run("attach", run.path.name, "--format", "json")
    lines = promises.shown_whole(later, run, state)
    promises.shown_whole(live.read_bytes(), run, state)
    promises.nothing_left(run)
    died = "console and terminal" if with_terminal else "console"
    return f"{origin}, {died} killed at {moment}; {size} bytes of streams, {lines} log lines"


def _started_by_keys(place: Place, seat: Console, keys: tuple[str, ...]) -> RunFolder:
    seat.wait_for("arm64")
    seat.press(*keys)
    due = 0.0

    def has_started() -> bool:
        nonlocal due
        # While the engine isn't diagnosed yet, the key starts nothing.
        if time.monotonic() > due and not place.runs():
            seat.press("b")
            due = time.monotonic() + 0.5
        return bool(place.runs())

    until(has_started, "the console starts a run", 60)
    (run,) = place.runs()
    return run


def runner(place: Place, kind: str, expected: Expected) -> str:
    """The runner is killed, sometimes twice: this is detected, and resume completes the run."""
    material = place.material(kind)
    run = place.build(material)
    moments = [_killed(run, place.random.choice(MOMENTS), place)]
    if place.random.random() < 0.2:
        place.run("resume", run.path.name, "--detach")
        moments.append(_killed(run, place.random.choice(MOMENTS[1:]), place))
    # The Buildx of the dead runner continues meanwhile, sometimes to its end.
    time.sleep(place.random.choice((0.0, 0.3, 2.0, 15.0)))
    out = place.path / "resumed.json"
    resumed = place.start("resume", run.path.name, "--format", "json", out=out)
    until(lambda: resumed.poll() is not None, "resume ends with the run")
    until(lambda: not run.is_live(), "the runner is gone")
    promises.nothing_left(run)
    state = promises.passed(run)
    if resumed.returncode != 0:
        raise RoundFailed(f"resume ended with {resumed.returncode}")
    promises.same_result(state, expected[kind])
    size = promises.streams_are_complete(run, state)
    attempts = "/".join(str(target.attempt) for target in state.targets.values())
    return f"killed at {', then '.join(moments)}; attempts {attempts}, {size} bytes of streams"


def _killed(run: RunFolder, moment: str, place: Place) -> str:
    pid = runner_of(run)
    with following(run) as watcher:
        watcher.poll()
        when = wait_for_moment(run, moment, place)
        os.kill(pid, signal.SIGKILL)
        started = time.monotonic()
        while not watcher.state.interrupted:
            watcher.poll()
            if watcher.state.outcome is not None:
                raise TooLate(when)
            if time.monotonic() - started > SEEN_WITHIN:
                raise RoundFailed(f"killed at {when}, but not detected within {SEEN_WITHIN:.0f} s")
            time.sleep(0.02)
        seen = time.monotonic() - started
    listed = place.run("runs", "--format", "json").decode()
    if "interrupted" not in next(line for line in listed.splitlines() if run.path.name in line):
        raise RoundFailed(f"killed at {when}, but not shown by `runs`: {listed[:300]}")
    return f"{when} (seen in {seen:.2f} s)"


def equal(place: Place, kind: str, expected: Expected) -> str:
    """Two equal runs in parallel, with the same tags: both pass, with their own files."""
    material = place.material(kind)
    first = place.build(material)
    time.sleep(place.random.choice((0.0, 0.5, 3.0)))
    runs = [first, place.build(material)]
    for run in runs:
        until(partial(_is_over, run), "both are finished")
    sizes = []
    for run in runs:
        state = promises.passed(run)
        promises.same_result(state, expected[kind])
        sizes.append(promises.streams_are_complete(run, state))
        promises.shown_whole(place.run("attach", run.path.name, "--format", "json"), run, state)
        promises.nothing_left(run)
    promises.never_mixed(runs)
    return f"two equal runs; {sizes[0]} and {sizes[1]} bytes of streams"


def two(place: Place, kind: str, expected: Expected) -> str:
    """Two consoles on one run: both cancel, both retry, and each request is handled once."""
    material = place.material(kind)
    run = place.build(material)
    seats = [Console(place, material.folder, run) for _ in range(2)]
    try:
        for seat in seats:
            seat.wait_for("arm64")
        time.sleep(place.random.uniform(0.0, 2.0))
        first, second, *_ = [target.name for target in run.info.targets]
        commands = [
            place.start("cancel", run.path.name, name, out=place.path / f"cancel-{name}")
            for name in (first, second, first)
        ]
        for one in commands:
            until(partial(_has_ended, one), "cancel returns")
        until(lambda: not run.is_live(), "the run is finished")
        # Both together, in a finished run: one starts the runner, the other finds it.
        commands = [
            place.start(
                "retry", run.path.name, name, "--detach", out=place.path / f"retry-{number}-{name}"
            )
            for number, name in enumerate((first, second, first, second))
        ]
        for one in commands:
            until(partial(_has_ended, one), "retry returns")
        until(lambda: not run.is_live(), "the run is finished")
        if not all(seat.alive for seat in seats):
            raise RoundFailed("a console died")
    finally:
        for seat in seats:
            seat.close()
    state = promises.passed(run)
    promises.same_result(state, expected[kind])
    size = promises.streams_are_complete(run, state)
    promises.nothing_left(run)
    attempts = "/".join(str(target.attempt) for target in state.targets.values())
    return f"two consoles, attempts {attempts}, {size} bytes of streams"


def _is_over(run: RunFolder) -> bool:
    return has(run, events.RunEnded) and not run.is_live()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


ROUNDS: dict[str, Callable[[Place, str, Expected], str]] = {
    "console": console,
    "runner": runner,
    "two": two,
    "equal": equal,
}
