"""Short commands run to their end, and long ones whose lines are handed on as they come."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol

import msgspec

from openhqm_tui.domain.plain_text import inert

NOT_FOUND = 127
TIMED_OUT = 124
STOPPED = 130
_LOOK_EVERY = 0.1
_GRACE_SECONDS = 2.0


class Outcome(msgspec.Struct, frozen=True):
    """How a command ended: exit code (127 not found, 124 out of time) and what it said."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether the command ended well."""
        return self.code == 0

    @property
    def last_words(self) -> str:
        """The last line that says something, for a person to read."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


class Runner(Protocol):
    """Anything that runs several commands side by side; tests put a table in its place."""

    def __call__(self, *commands: Sequence[str], timeout: float) -> list[Outcome]: ...


def capture(*commands: Sequence[str], timeout: float) -> list[Outcome]:
    """Run all commands at once and return how each ended, in order; never raises.

    `timeout` is in seconds and shared: what hasn't ended by then is killed with its children.
    """
    return _captured(commands, timeout, None)


def stoppable_capture(stop: Event) -> Runner:
    """Return a `capture` that kills what runs once `stop` is set; its code is 130 then."""

    def run(*commands: Sequence[str], timeout: float) -> list[Outcome]:
        return _captured(commands, timeout, stop)

    return run


def stream(script: str, say: Callable[[str], None], *, sudo: bool = False) -> int:
    """Run POSIX shell `script` under `sh -eu` and hand each line of its output to `say`.

    Standard error comes in the same stream. Returns the exit code; 127 if there is no shell
    or no sudo. An interrupt ends the children too and goes on to the caller.
    """
    command = ["sh", "-euc", script]
    if sudo:
        # -n would refuse a password; the user is at a terminal here, or said --yes.
        command = ["sudo", "--", *command]
    try:
        process = subprocess.Popen(
            command,
            stdin=None if sudo else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # sudo asks for its password on the terminal, so it must stay in our session.
            start_new_session=not sudo,
        )
    except OSError as trouble:
        say(f"{command[0]}: {trouble.strerror}")
        return NOT_FOUND
    assert process.stdout is not None
    try:
        with process.stdout as lines:
            for line in lines:
                # A tool redraws its progress with \r: the last state is the one to show.
                last = line.rstrip(b"\r\n").rpartition(b"\r")[2]
                say(inert(last.decode(errors="replace")))
        return process.wait()
    except BaseException:
        _kill(process, group=not sudo)
        raise


def _start(command: Sequence[str]) -> subprocess.Popen[str] | Outcome:
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as trouble:
        return Outcome(NOT_FOUND, "", f"{command[0]}: {trouble.strerror}")


def _captured(
    commands: Sequence[Sequence[str]], timeout: float, stop: Event | None
) -> list[Outcome]:
    deadline = time.monotonic() + timeout
    started = [_start(command) for command in commands]
    return [
        _finish(process, deadline, stop) if isinstance(process, subprocess.Popen) else process
        for process in started
    ]


def _finish(process: subprocess.Popen[str], deadline: float, stop: Event | None) -> Outcome:
    while True:
        left = max(0.0, deadline - time.monotonic())
        try:
            out, err = process.communicate(timeout=min(left, _LOOK_EVERY) if stop else left)
        except subprocess.TimeoutExpired:
            stopped = stop is not None and stop.is_set()
            if not stopped and left > _LOOK_EVERY and stop is not None:
                continue
            _kill(process, group=True)
            if stopped:
                return Outcome(STOPPED, "", "stopped")
            return Outcome(TIMED_OUT, "", "no answer in time")
        return Outcome(process.returncode, out, err)


def _kill(process: subprocess.Popen[str] | subprocess.Popen[bytes], *, group: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE_SECONDS)
            break
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
