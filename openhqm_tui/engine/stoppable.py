"""A shell script that somebody else can stop while its lines come in."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from threading import Event

from openhqm_tui.domain.plain_text import inert
from openhqm_tui.engine.mend import RunScript
from openhqm_tui.engine.shell import NOT_FOUND, STOPPED

_LOOK_EVERY = 0.1
_GRACE_SECONDS = 5.0
_CHUNK = 1 << 16


def stoppable(stop: Event) -> RunScript:
    """Return a runner of scripts that ends the script and its children once `stop` is set.

    The script gets SIGTERM, and SIGKILL if it is still there after 5 s; its code is 130 then.
    It never asks for a password: sudo refuses where it would have to.
    """

    def run(script: str, say: Callable[[str], None], *, sudo: bool = False) -> int:
        command = [*(("sudo", "-n", "--") if sudo else ()), "sh", "-euc", script]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A group of its own, to be stopped as one; sudo's ticket is that of our session.
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
    """Hand on lines until the script ends; tell whether it was stopped."""
    assert process.stdout is not None
    ask, deadline, rest = signal.SIGTERM, 0.0, b""
    with process.stdout as output, selectors.DefaultSelector() as selector:
        os.set_blocking(output.fileno(), False)
        selector.register(output, selectors.EVENT_READ)
        while True:
            if stop.is_set() and time.monotonic() >= deadline:
                _signal(process.pid, ask, sudo=sudo)
                ask, deadline = signal.SIGKILL, time.monotonic() + _GRACE_SECONDS
            # What a script leaves running in the background may keep its output open for ever.
            over = process.poll() is not None
            if not selector.select(0 if over else _LOOK_EVERY):
                if over:
                    break
                continue
            data = output.read(_CHUNK)
            if not data:
                # A script that closed its output goes on, and can be stopped still.
                selector.unregister(output)
                continue
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                say(_words(line))
    if rest:
        say(_words(rest))
    return stop.is_set()


def _words(line: bytes) -> str:
    # A tool redraws its progress with \r: the last state is the one to show.
    return inert(line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace"))


def _signal(group: int, number: signal.Signals, *, sudo: bool) -> None:
    if sudo:
        # What root runs, only root may stop.
        subprocess.run(
            ["sudo", "-n", "--", "kill", f"-{number.name[3:]}", "--", f"-{group}"],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_GRACE_SECONDS,
        )
        return
    with contextlib.suppress(OSError):
        os.killpg(group, number)
