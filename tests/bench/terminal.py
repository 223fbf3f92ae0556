"""Times and costs of drawing by a program on a terminal."""

from __future__ import annotations

import contextlib
import os
import re
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.terminal import Terminal

_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class MeasuredTerminal(Terminal):
    """A program on a terminal; all times are seconds of `time.monotonic`.

    `began` is when the process was started; its output is kept without escape sequences.
    """

    def __init__(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self.began = time.monotonic()
        super().__init__(command, cwd=cwd, environment={**environment, "COLORTERM": "truecolor"})
        self._alive = os.pidfd_open(self._process.pid)
        self._raw = b""
        self.painted = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        os.close(self._alive)

    @property
    def text(self) -> str:
        """The text drawn since the last key press."""
        return _ESCAPES.sub(b"", self._raw).decode("utf-8", "replace")

    def until(self, *words: str) -> float:
        """Wait until all of these are drawn; return the time of the last one."""
        limit = time.monotonic() + _PATIENCE
        at = time.monotonic()
        while not all(word in self.text for word in words):
            if time.monotonic() > limit or not self._take(limit - time.monotonic()):
                raise SystemExit(f"never drawn: {words}; but:\n{self.text[-2000:]}")
            at = time.monotonic()
        return at

    def rest(self, seconds: float) -> None:
        """Read the output for that many seconds."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            self._take(left)

    def quiet(self, seconds: float = 1.0) -> None:
        """Wait until nothing has been drawn for that many seconds."""
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit and self._take(seconds):
            pass

    def press(self, keys: str) -> None:
        """Clear the drawn text and press keys."""
        self._raw = b""
        super().press(keys)

    def ended(self) -> float:
        """Wait until the process has ended successfully and return the time."""
        while True:
            ready, _, _ = select.select([self._end, self._alive], [], [], _PATIENCE)
            at = time.monotonic()
            if self._alive in ready or not ready:
                break
            self._take(0)
        if self._process.wait(_PATIENCE):
            raise SystemExit(f"ended with {self._process.returncode}:\n{self.text[-2000:]}")
        return at

    def cpu(self) -> float:
        """Return the CPU seconds used so far by all threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> int:
        """Return the resident bytes."""
        fields = Path(f"/proc/{self._process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def wakeups(self) -> int:
        """Return the number of voluntary context switches of all threads so far."""
        found = 0
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                fields = (thread / "status").read_text()
                found += int(fields.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
        return found

    def _take(self, seconds: float) -> bool:
        piece = self._read(seconds)
        self._raw += piece
        self.painted += len(piece)
        return bool(piece)
