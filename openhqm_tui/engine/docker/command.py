"""Running commands and shell scripts: with a timeout, streamed line by line, or stopped."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol

import msgspec

from openhqm_tui.domain.text import inert

NOT_FOUND = 127
TIMED_OUT = 124
STOPPED = 130
_LOOK_EVERY = 0.1
_GRACE_SECONDS = 2.0


Say = Callable[[str], None]


class RunScript(Protocol):
    """Runs a shell script, passes on each line of output, returns its exit code."""

    def __call__(self, script: str, say: Say, *, sudo: bool = False) -> int: ...


class CommandResult(msgspec.Struct, frozen=True):
    """How a command ended: exit code (127 not found, 124 timed out) and output."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.code == 0

    @property
    def last_words(self) -> str:
        """The last line of output that isn't blank, to show to a person."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}"


class Runner(Protocol):
    """Runs several commands side by side; tests replace it with a table."""

    def __call__(self, *commands: Sequence[str], timeout: float) -> list[CommandResult]: ...


def capture(*commands: Sequence[str], timeout: float) -> list[CommandResult]:
    """Run all commands in parallel and return their results, in order; never raises.

    `timeout` is in seconds, for all of them: the rest is then killed with its children.
    """
    return _captured(commands, timeout, None)


def stoppable_capture(stop: Event) -> Runner:
    """Return a `capture` that kills its commands once `stop` is set; their code is 130 then."""

    def run(*commands: Sequence[str], timeout: float) -> list[CommandResult]:
        return _captured(commands, timeout, stop)

    return run


def stream(script: str, say: Callable[[str], None], *, sudo: bool = False) -> int:
    """Run POSIX shell `script` under `sh -eu` and pass each line of its output to `say`.

    Standard error is in the same stream. Returns the exit code; 127 if there is no shell or
    no sudo. An exception, such as KeyboardInterrupt, kills the children and is raised again.
    """
    command = ["sh", "-euc", script]
    if sudo:
        # Without -n: sudo may ask for a password, because the user is at a terminal or gave --yes.
        command = ["sudo", "--", *command]
    try:
        process = subprocess.Popen(
            command,
            stdin=None if sudo else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # sudo asks for the password on the terminal, so it must stay in our session.
            start_new_session=not sudo,
        )
    except OSError as trouble:
        say(f"{command[0]}: {trouble.strerror}")
        return NOT_FOUND
    assert process.stdout is not None
    try:
        with process.stdout as lines:
            for line in lines:
                # Tools redraw their progress with \r: show the last state.
                last = line.rstrip(b"\r\n").rpartition(b"\r")[2]
                say(inert(last.decode(errors="replace")))
        return process.wait()
    except BaseException:
        _kill(process, group=not sudo)
        raise


def _start(command: Sequence[str]) -> subprocess.Popen[str] | CommandResult:
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
        return CommandResult(NOT_FOUND, "", f"{command[0]}: {trouble.strerror}")


def _captured(
    commands: Sequence[Sequence[str]], timeout: float, stop: Event | None
) -> list[CommandResult]:
    deadline = time.monotonic() + timeout
    started = [_start(command) for command in commands]
    return [
        _finish(process, deadline, stop) if isinstance(process, subprocess.Popen) else process
        for process in started
    ]


def _finish(process: subprocess.Popen[str], deadline: float, stop: Event | None) -> CommandResult:
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
                return CommandResult(STOPPED, "", "stopped")
            return CommandResult(TIMED_OUT, "", "timed out")
        return CommandResult(process.returncode, out, err)


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


_STOP_POLL_SECONDS = 0.1
_STOP_GRACE_SECONDS = 5.0
_CHUNK = 1 << 16


def stoppable(stop: Event) -> RunScript:
    """Return a function that runs scripts, and stops them with their children once `stop` is set.

    A script gets SIGTERM, and SIGKILL if it still runs after 5 s; its code is 130 then.
    No password is asked for: sudo fails if it needs one.
    """

    def run(script: str, say: Callable[[str], None], *, sudo: bool = False) -> int:
        command = [*(("sudo", "-n", "--") if sudo else ()), "sh", "-euc", script]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Its own group, to stop it as a whole; our session, for sudo's credentials.
                process_group=0,
            )
        except OSError as trouble:
            say(f"{command[0]}: {trouble.strerror}")
            return NOT_FOUND
        try:
            stopped = _listen(process, say, stop, sudo=sudo)
            code = process.wait()
        except BaseException:
            _signal(process.pid, signal.SIGKILL, sudo=sudo)
            raise
        return STOPPED if stopped else code

    return run


def _listen(
    process: subprocess.Popen[bytes], say: Callable[[str], None], stop: Event, *, sudo: bool
) -> bool:
    """Pass on lines until the script ends; return whether it was stopped."""
    assert process.stdout is not None
    ask, deadline, rest = signal.SIGTERM, 0.0, b""
    with process.stdout as output, selectors.DefaultSelector() as selector:
        os.set_blocking(output.fileno(), False)
        selector.register(output, selectors.EVENT_READ)
        while True:
            if stop.is_set() and time.monotonic() >= deadline:
                _signal(process.pid, ask, sudo=sudo)
                ask, deadline = signal.SIGKILL, time.monotonic() + _STOP_GRACE_SECONDS
            # A background process of the script may keep the output open forever.
            over = process.poll() is not None
            if not selector.select(0 if over else _STOP_POLL_SECONDS):
                if over:
                    break
                continue
            data = output.read(_CHUNK)
            if not data:
                # A script that closed its output still runs, and can be stopped.
                selector.unregister(output)
                continue
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                say(_words(line))
    if rest:
        say(_words(rest))
    return stop.is_set()


def _words(line: bytes) -> str:
    # Tools redraw their progress with \r: show the last state.
    return inert(line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace"))


def _signal(group: int, number: signal.Signals, *, sudo: bool) -> None:
    if sudo:
        # Only root may stop a process of root.
        subprocess.run(
            ["sudo", "-n", "--", "kill", f"-{number.name[3:]}", "--", f"-{group}"],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_STOP_GRACE_SECONDS,
        )
        return
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def _main(words: Sequence[str]) -> int:
    """Run a command for `client.with_docker`: the timeout in seconds, then its words."""
    (result,) = capture(words[1:], timeout=float(words[0]))
    sys.stdout.write(result.out)
    sys.stderr.write(result.err)
    return result.code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
