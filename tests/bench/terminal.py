"""A program on a terminal of its own, and when it draws what: to the process, and from its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Terminal:
    """A program that draws on a pty; all moments are seconds of `time.monotonic`.

    `began` is when the process was started; what it draws is kept without its escapes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = (40, 120),
    ) -> None:
        self._end, seat = pty.openpty()
        fcntl.ioctl(seat, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=seat,
            stdout=seat,
            stderr=seat,
            start_new_session=True,
        )
        os.close(seat)
        self._alive = os.pidfd_open(self._process.pid)
        self._raw = b""
        self.painted = 0

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
        os.close(self._alive)
        os.close(self._end)

    @property
    def text(self) -> str:
        """What was drawn since it was last forgotten."""
        return _ESCAPES.sub(b"", self._raw).decode("utf-8", "replace")

    def until(self, *words: str) -> float:
        """Wait until all of these were drawn; return when the last of them was."""
        limit = time.monotonic() + _PATIENCE
        at = time.monotonic()
        while not all(word in self.text for word in words):
            if time.monotonic() > limit or not self._read(limit - time.monotonic()):
                raise SystemExit(f"never drawn: {words}; but:\n{self.text[-2000:]}")
            at = time.monotonic()
        return at

    def rest(self, seconds: float) -> None:
        """Only read what is drawn, for so long."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            self._read(left)

    def quiet(self, seconds: float = 1.0) -> None:
        """Wait until nothing has been drawn for so long."""
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit and self._read(seconds):
            pass

    def press(self, keys: str) -> float:
        """Forget what was drawn, type, and return when."""
        self._raw = b""
        os.write(self._end, keys.encode())
        return time.monotonic()

    def ended(self) -> float:
        """Wait for the end of the process and return when that was; it must end well."""
        while True:
            ready, _, _ = select.select([self._end, self._alive], [], [], _PATIENCE)
            at = time.monotonic()
            if self._alive in ready or not ready:
                break
            self._take()
        if self._process.wait(_PATIENCE):
            raise SystemExit(f"ended with {self._process.returncode}:\n{self.text[-2000:]}")
        return at

    def cpu(self) -> float:
        """Return the CPU seconds used by now, by all its threads."""
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / _TICKS

    def memory(self) -> int:
        """Return the resident bytes."""
        told = Path(f"/proc/{self._process.pid}/statm").read_text().split()
        return int(told[1]) * os.sysconf("SC_PAGE_SIZE")

    def wakeups(self) -> int:
        """Return how often its threads have gone to sleep of their own by now."""
        found = 0
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                told = (thread / "status").read_text()
                found += int(told.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
        return found

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._end], [], [], seconds)
        return bool(ready) and self._take()

    def _take(self) -> bool:
        try:
            piece = os.read(self._end, 1 << 16)
        except OSError:
            return False  # nobody holds the other end any more
        self._raw += piece
        self.painted += len(piece)
        return bool(piece)
