"""The log of one image: raw lines with their steps, in little memory."""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, chain, repeat
from operator import sub
from typing import NamedTuple

from openhqm_tui.domain.formatting import duration_text
from openhqm_tui.domain.run.cursor import line_shown, moves_cursor, shortened
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.secrets.redact import KEY, KeyLines
from openhqm_tui.domain.text import one_line

# Longer lines are truncated with a note; the run folder has the full line.
LONGEST_SHOWN = 16 * 1024
# An incomplete line above this many bytes is reduced to what a terminal shows of it.
_LONGEST_PARTIAL = 4096
# Blocks are compressed at this many lines or bytes; reading one line decompresses its block.
_MOST_LINES = 512
_MOST_BYTES = 64 * 1024
# Decompressed blocks to cache: the visible ones, and those being searched or copied.
_KEPT_UNPACKED = 2
# The highest step number, for lines without a step: warnings and Buildx's own output.
NO_STEP = 65535
# For fewer lines, adding them one by one is faster.
_A_FEW = 3


class LogLine(NamedTuple):
    """One line of a lane's log; `text` is raw: it may contain escape sequences."""

    text: str
    step: int
    stream: int
    at: float


class LogLines:
    """An append-only list of log lines.

    All but the last few hundred lines are compressed: output of compilers and package managers
    shrinks to a tenth. `stream` is 1 or 2 as in the build, 0 for our own lines (a step's heading,
    an error).
    """

    def __init__(self, shown: Callable[[str], str] = str) -> None:
        """Create an empty log; `shown` masks the secrets of a line for display."""
        self._shown = shown
        # Steps that may be printing a private key.
        self._keys: dict[tuple[int, int], KeyLines] = {}
        self._open = self._seen = _Block(0)
        self._packed: list[bytes] = []
        self._firsts = array("Q")
        self._unpacked: dict[int, _Block] = {}
        self._first_of: dict[int, int] = {}
        self._last_step = -1
        self._partial: dict[tuple[int, int], bytes] = {}

    def __len__(self) -> int:
        return self._open.first + len(self._open.ends)

    def __getitem__(self, index: int) -> LogLine:
        if not 0 <= index < len(self):
            raise IndexError(index)
        block = self._block(index)
        at = index - block.first
        text = self._shown(block.text(at))
        return LogLine(text, block.steps[at], block.streams[at], block.times[at])

    @property
    def last_step(self) -> int:
        """The step of the last line; -1 if there is none."""
        return self._last_step

    def text(self, index: int) -> str:
        """Return the raw text of a line; invalid UTF-8 shows as U+FFFD."""
        block = self._block(index)
        return self._shown(block.text(index - block.first))

    def step(self, index: int) -> int:
        """Return the step number of a line."""
        block = self._block(index)
        return block.steps[index - block.first]

    def stream(self, index: int) -> int:
        """Return the stream of a line: 1 or 2 as in the build, 0 for our own lines."""
        block = self._block(index)
        return block.streams[index - block.first]

    def at(self, index: int) -> float:
        """Return when a line was printed, in seconds since the epoch; 0 if unknown."""
        block = self._block(index)
        return block.times[index - block.first]

    def contains(self, text: bytes) -> bool:
        """Return whether the log contains `text`."""
        return any(text in block.data for block in self._backwards())

    def first_of(self, step: int) -> int | None:
        """Return the index of a step's first line, if it has any."""
        return self._first_of.get(min(step, NO_STEP))

    def last(self, count: int, *, step: int | None = None, stream: int | None = None) -> list[str]:
        """Return the raw text of the last `count` lines, optionally of one step and stream."""
        found: list[str] = []
        step = None if step is None else min(step, NO_STEP)
        for block in self._backwards():
            if step is not None and step not in block.steps:
                continue
            for at in range(len(block.ends) - 1, -1, -1):
                if len(found) == count:
                    return found[::-1]
                if stream is not None and block.streams[at] != stream:
                    continue
                if step is None or (block.steps[at] == step and block.streams[at]):
                    found.append(self._shown(block.text(at)))
        return found[::-1]

    def add(self, text: str, *, step: int, at: float, stream: int = 0) -> None:
        """Append complete lines: usually one, more if `text` has line ends."""
        for line in text.split("\n"):
            self._append(line.encode("utf-8", "replace"), step, stream, at)

    def feed(self, data: bytes, *, step: int, stream: int, at: float) -> None:
        """Append raw output; it may be cut anywhere, also within a line or a character."""
        # Builds have two streams; more could fill the memory with incomplete lines.
        stream = stream if stream in {1, 2} else 0
        key = (step, stream)
        if self._partial and (pending := self._partial.pop(key, b"")):
            data = pending + data
        lines = data.split(b"\n")
        rest = lines.pop()
        plain = not self._keys and KEY not in data and not moves_cursor(data)
        if len(lines) > _A_FEW and len(data) <= LONGEST_SHOWN and plain:
            self._extend(lines, step, stream, at)
        else:
            for line in lines:
                self._append(line, step, stream, at)
        if rest:
            if len(rest) > _LONGEST_PARTIAL:
                if moves_cursor(rest):
                    rest = shortened(rest, LONGEST_SHOWN + 1)
                elif len(rest) > 2 * LONGEST_SHOWN:
                    rest = rest[: LONGEST_SHOWN + 1]
            self._partial[key] = rest

    def finish(self, step: int, at: float) -> None:
        """Complete the unterminated lines of a finished step."""
        for stream in (0, 1, 2):
            rest = self._partial.pop((step, stream), b"")
            if rest:
                self._append(rest, step, stream, at)

    def _append(self, line: bytes, step: int, stream: int, at: float) -> None:
        line = line.rstrip(b"\r")
        if moves_cursor(line):
            line = line_shown(line, LONGEST_SHOWN + 1)
        if self._keys or KEY in line:
            line = self._without_key(line, (step, stream))
        if len(line) > LONGEST_SHOWN:
            line = line[:LONGEST_SHOWN] + " … [truncated; the log file has the full line]".encode()
        block = self._block_for(step)
        block.data += line
        block.ends.append(len(block.data))
        block.steps.append(self._last_step)
        block.streams.append(stream if 0 <= stream <= 255 else 0)
        block.times.append(at)
        if len(block.ends) >= _MOST_LINES or len(block.data) >= _MOST_BYTES:
            self._pack()

    def _without_key(self, line: bytes, place: tuple[int, int]) -> bytes:
        """Return a line; lines inside a private key are masked."""
        keys = self._keys.pop(place, None) or KeyLines()
        line = keys.line(line)
        if keys.is_within:
            self._keys[place] = keys
        return line

    def _extend(self, lines: list[bytes], step: int, stream: int, at: float) -> None:
        """Append lines that need no truncation."""
        block, count = self._block_for(step), len(lines)
        ends = accumulate(map(len, lines), initial=len(block.data))
        next(ends)
        block.ends.extend(ends)
        block.data += b"".join(lines)
        block.steps.extend(repeat(self._last_step, count))
        block.streams.extend(repeat(stream if 0 <= stream <= 255 else 0, count))
        block.times.extend(repeat(at, count))
        if len(block.ends) >= _MOST_LINES or len(block.data) >= _MOST_BYTES:
            self._pack()

    def _block_for(self, step: int) -> _Block:
        """Return the block for a line of a step, and record where the step starts."""
        block = self._open
        if step != self._last_step:
            self._last_step = min(step, NO_STEP)
            self._first_of.setdefault(self._last_step, block.first + len(block.ends))
        return block

    def _pack(self) -> None:
        """Start a new block; the full one stays decompressed while it may be visible."""
        full = self._open
        self._firsts.append(full.first)
        self._packed.append(full.pack())
        self._keep(len(self._packed) - 1, full)
        self._open = _Block(full.first + len(full.ends))

    def _keep(self, number: int, block: _Block) -> None:
        self._unpacked[number] = block
        if len(self._unpacked) > _KEPT_UNPACKED:
            del self._unpacked[next(iter(self._unpacked))]

    def _block(self, index: int) -> _Block:
        """Return the block with a line; raises IndexError if there is none."""
        block = self._seen
        if 0 <= index - block.first < len(block.ends):
            return block
        if index >= self._open.first:
            block = self._open
        elif index >= 0:
            block = self._numbered(bisect_right(self._firsts, index) - 1)
        else:
            raise IndexError(index)
        self._seen = block
        return block

    def _numbered(self, number: int) -> _Block:
        # Least recently used blocks are dropped first.
        block = self._unpacked.pop(number, None)
        if block is None:
            block = _Block.unpack(self._firsts[number], self._packed[number])
        self._keep(number, block)
        return block

    def _backwards(self) -> Iterator[_Block]:
        yield self._open
        for number in range(len(self._packed) - 1, -1, -1):
            yield self._unpacked.get(number) or _Block.unpack(
                self._firsts[number], self._packed[number]
            )


class _Block:
    """Consecutive lines; `first` is the index of the first."""

    __slots__ = ("data", "ends", "first", "steps", "streams", "times")

    def __init__(self, first: int) -> None:
        self.first = first
        self.data = bytearray()
        self.ends = array("L")
        self.steps = array("H")
        self.streams = array("B")
        self.times = array("d")

    def text(self, at: int) -> str:
        """Return the text of a line by its index in the block."""
        start = self.ends[at - 1] if at else 0
        return self.data[start : self.ends[at]].decode("utf-8", "replace")

    def pack(self) -> bytes:
        """Compress the block."""
        lengths = array("H", map(sub, self.ends, chain((0,), self.ends)))
        columns = (self.times, lengths, self.steps, self.streams)
        whole = b"".join(column.tobytes() for column in columns) + self.data
        return len(self.ends).to_bytes(4, "little") + zlib.compress(whole, 1)

    @classmethod
    def unpack(cls, first: int, packed: bytes) -> _Block:
        """Decompress a block."""
        block, count = cls(first), int.from_bytes(packed[:4], "little")
        whole, at = zlib.decompress(packed[4:]), 0
        lengths = array("H")
        for column in (block.times, lengths, block.steps, block.streams):
            size = count * column.itemsize
            column.frombytes(whole[at : at + size])
            at += size
        block.ends.extend(accumulate(lengths))
        block.data += whole[at:]
        return block


def note_change(log: LogLines, step: StepState, before: Status, after: Status) -> None:
    """Log a step's new status: its start, and its end once."""
    number, label = step.number, step.name.short_label
    at = step.ended or step.started or 0.0
    if after is Status.RUNNING:
        # Steps without a lane are usually quick and silent: one line at their end is enough.
        if before is Status.WAITING and step.lane is not None:
            log.add(f"▸ {label}", step=number, at=step.started or 0.0)
        return
    log.finish(number, at)
    if step.told_end:
        return
    step.told_end = True
    if after is Status.FAILED:
        log.add(f"✗ {one_line(step.error, 500)}", step=number, at=at)
        return
    # "Stopped", not "cancelled": BuildKit also stops a step that another build finished first.
    ended = {Status.CACHED: "cached", Status.CANCELLED: "stopped"}.get(
        after, f"done in {duration_text(step.busy(at))}"
    )
    if step.lane is None:
        log.add(f"▸ {label}: {ended}", step=number, at=at)
        return
    if before is Status.WAITING:
        log.add(f"▸ {label}", step=number, at=at)
    # Steps run concurrently, so after another step's output the full name is needed.
    log.add(f"  {ended}" if log.last_step == number else f"▸ {label}: {ended}", step=number, at=at)


_WORD = (
    r"(?:error|errors|fatal|failed|failure|panic|panicked|traceback|exception|abort(?:ed|ing)|"
    r"segmentation\ fault|segfault|cannot|can't|unable\ to|no\ such\ file|not\ found|"
    r"permission\ denied|denied|undefined\ reference|out\ of\ memory|killed)"
)
# `KeyError:` and `ERR!` count as errors; `error_handler.o` and `--fail-fast` are names.
_SAYS = re.compile(
    rf"(?<![\w./=-])(?i:{_WORD})(?![\w/=-]|\.\w)"
    r"|(?<![\w./-])[A-Z]\w*(?:Error|Exception)(?=:|\b(?![\w/.(-]))"
    r"|\bERR!|^\s*E:|✗|×",
    re.VERBOSE,
)
# A line on standard output is an error only if it starts like one.
_BEGINS = re.compile(
    r"^\s*(?:[\w./:\\-]+:\s+)*(?:\[?(?i:error|fatal|critical|panic)\b\]?(?![\w/.=-])"
    r"|Traceback\ \(most|\w*(?:Error|Exception):|FAILED\b|E:\ |(?:npm\ )?ERR!)",
    re.VERBOSE,
)
_NONE_OF_IT = re.compile(
    r"\b(?:0|no|without|zero|ignoring|ignored)\s+(?:\w+\s+)?(?:errors?|failures?|failed|exceptions?)\b"
    r"|\b(?:errors?|failures?|failed)\s*[:=]\s*0\b",
    re.IGNORECASE,
)
# Every error message contains one of these; searching for them first is much faster.
_TRACES = (
    *("err", "fail", "fatal", "panic", "traceback", "exception", "abort", "fault", "cannot"),
    *("can't", "unable", "no such", "not found", "denied", "undefined", "out of", "killed"),
    *("e:", "✗", "×"),
)
# Longer than any message; the rest is data.
_FAR_ENOUGH = 1000


def looks_like_error(text: str, stream: int) -> bool:
    """Return whether a plain line looks like an error; `stream` is 0 (our own line), 1 or 2.

    On standard error the word may be anywhere, on standard output only at the start.
    """
    if stream == 0:
        return text.startswith("✗")
    text = text[:_FAR_ENOUGH]
    small = text.lower()
    if not any(trace in small for trace in _TRACES):
        return False
    found = _SAYS.search(text) if stream == 2 else _BEGINS.match(text)
    return found is not None and _NONE_OF_IT.search(text) is None
