"""A terminal that shows what a program draws on its pty, and types into it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

from tests.waiting import PATIENCE


class Terminal:
    """Runs `command` on a pty of `size` columns and lines; its screen is that of an xterm."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._end, theirs = pty.openpty()
        columns, lines = size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._end)

    @property
    def text(self) -> str:
        """The screen as it is, a line each."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._end, keys.encode())

    def shows(self, *words: str) -> None:
        """Wait until all `words` are on the screen; fail with the screen if the program ends."""
        limit = time.monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            missing = [word for word in words if word not in self.text]
            assert self._read(limit), f"never shown: {missing}; but:\n{self.text}"

    def exit_code(self) -> int:
        """Wait for the end of the program and return its exit code."""
        limit = time.monotonic() + PATIENCE
        while self._read(limit):
            pass
        return self._process.wait(max(limit - time.monotonic(), 1))

    def _read(self, limit: float) -> bool:
        """Take what is drawn next; False when the program has ended or the time is up."""
        ready, _, _ = select.select([self._end], [], [], max(limit - time.monotonic(), 0))
        drawn = b""
        if ready:
            # Linux ends the reading with EIO, other systems with nothing.
            with contextlib.suppress(OSError):
                drawn = os.read(self._end, 1 << 16)
        self._stream.feed(drawn)
        return bool(drawn)
