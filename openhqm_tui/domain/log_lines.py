"""The log of one lane: many lines in little memory, as raw text, with the step of each."""

from __future__ import annotations

from array import array
from typing import NamedTuple

# A longer line is cut here and says so; the whole of it is in the run folder.
LONGEST_SHOWN = 16 * 1024


class LogLine(NamedTuple):
    """One line of a lane's log; `text` is raw: it may hold escape sequences."""

    text: str
    step: int
    stream: int
    at: float


class LogLines:
    """An append-only list of log lines.

    Text is held as UTF-8 in one buffer: a line costs its bytes plus about 19. `stream` is
    1 or 2 as in the build, 0 for our own words (a step's heading, an error).
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._ends = array("Q")
        self._steps = array("H")
        self._streams = array("B")
        self._times = array("d")
        self._partial: dict[tuple[int, int], bytes] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> LogLine:
        if not 0 <= index < len(self._ends):
            raise IndexError(index)
        return LogLine(
            self.text(index), self._steps[index], self._streams[index], self._times[index]
        )

    @property
    def last_step(self) -> int:
        """The step of the last line; -1 where there is none."""
        return self._steps[-1] if self._steps else -1

    def text(self, index: int) -> str:
        """Return the raw text of a line; invalid UTF-8 shows as U+FFFD."""
        start = self._ends[index - 1] if index else 0
        return self._data[start : self._ends[index]].decode("utf-8", "replace")

    def step(self, index: int) -> int:
        """Return the number of the step that a line is of."""
        return self._steps[index]

    def stream(self, index: int) -> int:
        """Return the stream of a line: 1 or 2 as in the build, 0 for our own words."""
        return self._streams[index]

    def at(self, index: int) -> float:
        """Return when a line was said, in seconds since the epoch; 0 where it isn't known."""
        return self._times[index]

    def holds(self, text: bytes) -> bool:
        """Tell whether `text` stands somewhere in the log."""
        return text in self._data

    def first_of(self, step: int) -> int | None:
        """Return the index of a step's first line, if it has any."""
        try:
            return self._steps.index(min(step, 65535))
        except ValueError:
            return None

    def last(self, count: int, *, step: int | None = None) -> list[str]:
        """Return the raw text of the last `count` lines, of one step if told."""
        found: list[str] = []
        for index in range(len(self._ends) - 1, -1, -1):
            if len(found) == count:
                break
            if step is None or (self._steps[index] == step and self._streams[index]):
                found.append(self.text(index))
        return found[::-1]

    def add(self, text: str, *, step: int, at: float, stream: int = 0) -> None:
        """Append whole lines: mostly one, more where `text` has line ends."""
        for line in text.split("\n"):
            self._append(line.encode("utf-8", "replace"), step, stream, at)

    def feed(self, data: bytes, *, step: int, stream: int, at: float) -> None:
        """Append output as it came: lines may be cut anywhere; a lone CR overwrites the line."""
        key = (step, stream)
        pending = self._partial.pop(key, b"")
        if pending:
            data = pending + data
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._append(line, step, stream, at)
        if rest:
            # What a lone CR has overwritten can be forgotten, but not a CR that may begin CRLF.
            cut = rest.rfind(b"\r", 0, -1)
            rest = rest[cut + 1 :] if cut >= 0 else rest
            if len(rest) > 2 * LONGEST_SHOWN:
                # A CR at its end still decides what becomes of the line.
                rest = rest[: LONGEST_SHOWN + 1] + (b"\r" if rest.endswith(b"\r") else b"")
            self._partial[key] = rest

    def finish(self, step: int, at: float) -> None:
        """End the unended lines of a step: it will say no more."""
        for stream in (1, 2):
            rest = self._partial.pop((step, stream), b"")
            if rest:
                self._append(rest, step, stream, at)

    def _append(self, line: bytes, step: int, stream: int, at: float) -> None:
        if line.endswith(b"\r"):
            line = line[:-1]
        if b"\r" in line:
            line = line[line.rfind(b"\r") + 1 :]
        if len(line) > LONGEST_SHOWN:
            line = line[:LONGEST_SHOWN] + " … [cut here; the log file has it all]".encode()
        self._data += line
        self._ends.append(len(self._data))
        self._steps.append(min(step, 65535))
        self._streams.append(stream if 0 <= stream <= 255 else 0)
        self._times.append(at)
