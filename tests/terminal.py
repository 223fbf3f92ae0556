"""Programs on their own pseudo-terminal, controlled by keys."""

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
from typing import Self

import pyte

from tests.waiting import PATIENCE

SIZE = (120, 40)


def start_on_terminal(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    size: tuple[int, int] = SIZE,
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a program on a new terminal of `size` columns and lines; return it and our end."""
    end, theirs = pty.openpty()
    columns, lines = size
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**environment, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return process, end


class Terminal:
    """A program on a terminal; it is killed on leaving the `with` block."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = SIZE,
    ) -> None:
        self._process, self._end = start_on_terminal(
            command, cwd=cwd, environment=environment, size=size
        )

    def __enter__(self) -> Self:
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

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._end, keys.encode())

    def _read(self, seconds: float) -> bytes:
        """Return the next output, b"" if the program has ended or the time is up."""
        ready, _, _ = select.select([self._end], [], [], max(seconds, 0))
        if ready:
            # At the end Linux raises EIO, other systems return nothing.
            with contextlib.suppress(OSError):
                return os.read(self._end, 1 << 16)
        return b""


class Screen(Terminal):
    """A terminal with an emulated xterm screen."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self._screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self._screen)
        super().__init__(command, cwd=cwd, environment=environment)

    @property
    def text(self) -> str:
        """The current lines of the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def shows(self, *words: str) -> None:
        """Wait until all `words` are on the screen; fail with the screen if the program ends."""
        limit = time.monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            missing = [word for word in words if word not in self.text]
            assert self._draw(limit), f"never shown: {missing}; but:\n{self.text}"

    def exit_code(self) -> int:
        """Wait for the end of the program and return its exit code."""
        limit = time.monotonic() + PATIENCE
        while self._draw(limit):
            pass
        return self._process.wait(max(limit - time.monotonic(), 1))

    def _draw(self, limit: float) -> bool:
        drawn = self._read(limit - time.monotonic())
        self._stream.feed(drawn)
        return bool(drawn)
