"""The log of one image: many lines in little memory, as raw text, with the step of each."""

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
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.secrets.redact import KEY, KeyLines
from openhqm_tui.domain.text import one_line

# A longer line is cut here and says so; the whole of it is in the run folder.
LONGEST_SHOWN = 16 * 1024
# A block is packed once it has so many lines or bytes: a look at one line unpacks all of them.
_MOST_LINES = 512
_MOST_BYTES = 64 * 1024
# What is in sight, and what somebody searches or copies meanwhile.
_KEPT_UNPACKED = 2
# The highest step number that a line can have: of no step, but a warning or Buildx's own output.
NO_STEP = 65535
# Fewer lines are added sooner one by one.
_A_FEW = 3


class LogLine(NamedTuple):
    """One line of a lane's log; `text` is raw: it may hold escape sequences."""

    text: str
    step: int
    stream: int
    at: float


class LogLines:
    """An append-only list of log lines.

    All but the last few hundred lines are held packed: what compilers and package managers say
    takes a tenth of its bytes so. `stream` is 1 or 2 as in the build, 0 for our own words (a
    step's heading, an error).
    """

    def __init__(self, shown: Callable[[str], str] = str) -> None:
        """Begin an empty log; `shown` gives a line's text as it may be shown: without secrets."""
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
        """The step of the last line; -1 where there is none."""
        return self._last_step

    def text(self, index: int) -> str:
        """Return the raw text of a line; invalid UTF-8 shows as U+FFFD."""
        block = self._block(index)
        return self._shown(block.text(index - block.first))

    def step(self, index: int) -> int:
        """Return the number of the step that a line is of."""
        block = self._block(index)
        return block.steps[index - block.first]

    def stream(self, index: int) -> int:
        """Return the stream of a line: 1 or 2 as in the build, 0 for our own words."""
        block = self._block(index)
        return block.streams[index - block.first]

    def at(self, index: int) -> float:
        """Return when a line was said, in seconds since the epoch; 0 where it isn't known."""
        block = self._block(index)
        return block.times[index - block.first]

    def holds(self, text: bytes) -> bool:
        """Tell whether `text` stands somewhere in the log."""
        return any(text in block.data for block in self._backwards())

    def first_of(self, step: int) -> int | None:
        """Return the index of a step's first line, if it has any."""
        return self._first_of.get(min(step, NO_STEP))

    def last(self, count: int, *, step: int | None = None) -> list[str]:
        """Return the raw text of the last `count` lines, of one step if told."""
        found: list[str] = []
        step = None if step is None else min(step, NO_STEP)
        for block in self._backwards():
            if step is not None and step not in block.steps:
                continue
            for at in range(len(block.ends) - 1, -1, -1):
                if len(found) == count:
                    return found[::-1]
                if step is None or (block.steps[at] == step and block.streams[at]):
                    found.append(self._shown(block.text(at)))
        return found[::-1]

    def add(self, text: str, *, step: int, at: float, stream: int = 0) -> None:
        """Append whole lines: mostly one, more where `text` has line ends."""
        for line in text.split("\n"):
            self._append(line.encode("utf-8", "replace"), step, stream, at)

    def feed(self, data: bytes, *, step: int, stream: int, at: float) -> None:
        """Append output as it came: lines may be cut anywhere; a lone CR overwrites the line."""
        # A build has two; with more a stranger could fill the memory with beginnings of lines.
        stream = stream if stream in {1, 2} else 0
        key = (step, stream)
        if self._partial and (pending := self._partial.pop(key, b"")):
            data = pending + data
        lines = data.split(b"\n")
        rest = lines.pop()
        plain = b"\r" not in data and not self._keys and KEY not in data
        if len(lines) > _A_FEW and len(data) <= LONGEST_SHOWN and plain:
            self._extend(lines, step, stream, at)
        else:
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
        for stream in (0, 1, 2):
            rest = self._partial.pop((step, stream), b"")
            if rest:
                self._append(rest, step, stream, at)

    def _append(self, line: bytes, step: int, stream: int, at: float) -> None:
        if b"\r" in line:
            line = line.removesuffix(b"\r")
            line = line[line.rfind(b"\r") + 1 :]
        if self._keys or KEY in line:
            line = self._without_key(line, (step, stream))
        if len(line) > LONGEST_SHOWN:
            line = line[:LONGEST_SHOWN] + " … [cut here; the log file has it all]".encode()
        block = self._block_for(step)
        block.data += line
        block.ends.append(len(block.data))
        block.steps.append(self._last_step)
        block.streams.append(stream if 0 <= stream <= 255 else 0)
        block.times.append(at)
        if len(block.ends) >= _MOST_LINES or len(block.data) >= _MOST_BYTES:
            self._pack()

    def _without_key(self, line: bytes, place: tuple[int, int]) -> bytes:
        """Return a line; what is between the first and the last of a private key isn't kept."""
        keys = self._keys.pop(place, None) or KeyLines()
        line = keys.line(line)
        if keys.is_within:
            self._keys[place] = keys
        return line

    def _extend(self, lines: list[bytes], step: int, stream: int, at: float) -> None:
        """Append lines in which there is nothing to cut."""
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
        """Return the block that a line of a step goes into, and note where the step begins."""
        block = self._open
        if step != self._last_step:
            self._last_step = min(step, NO_STEP)
            self._first_of.setdefault(self._last_step, block.first + len(block.ends))
        return block

    def _pack(self) -> None:
        """Begin a new block; the full one stays unpacked as long as it may be in sight."""
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
        """Return the block that holds a line; raises IndexError where none does."""
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
        # The one that was looked at last is the last to be forgotten.
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
    """Some lines in a row, `first` the index of the first of them."""

    __slots__ = ("data", "ends", "first", "steps", "streams", "times")

    def __init__(self, first: int) -> None:
        self.first = first
        self.data = bytearray()
        self.ends = array("L")
        self.steps = array("H")
        self.streams = array("B")
        self.times = array("d")

    def text(self, at: int) -> str:
        """Return the text of a line, counted from the block's first."""
        start = self.ends[at - 1] if at else 0
        return self.data[start : self.ends[at]].decode("utf-8", "replace")

    def pack(self) -> bytes:
        """Return all of it in few bytes."""
        lengths = array("H", map(sub, self.ends, chain((0,), self.ends)))
        columns = (self.times, lengths, self.steps, self.streams)
        whole = b"".join(column.tobytes() for column in columns) + self.data
        return len(self.ends).to_bytes(4, "little") + zlib.compress(whole, 1)

    @classmethod
    def unpack(cls, first: int, packed: bytes) -> _Block:
        """Return what was packed."""
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
    """Write what a step's new status means into its log: that it begins, once how it ended."""
    number, label = step.number, step.name.label
    at = step.ended or step.started or 0.0
    if after is Status.RUNNING:
        # What belongs to no lane is mostly quick and silent: one line, at its end, will do.
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
    # "Stopped", not "cancelled": BuildKit also stops a step whose result another build has given.
    ended = {Status.CACHED: "cached", Status.CANCELLED: "stopped"}.get(
        after, f"done in {duration_text(step.busy(at))}"
    )
    if step.lane is None:
        log.add(f"▸ {label}: {ended}", step=number, at=at)
        return
    if before is Status.WAITING:
        log.add(f"▸ {label}", step=number, at=at)
    # Steps run side by side: under another step's words, only a full name is understood.
    log.add(f"  {ended}" if log.last_step == number else f"▸ {label}: {ended}", step=number, at=at)


_WORD = (
    r"(?:error|errors|fatal|failed|failure|panic|panicked|traceback|exception|abort(?:ed|ing)|"
    r"segmentation\ fault|segfault|cannot|can't|unable\ to|no\ such\ file|not\ found|"
    r"permission\ denied|denied|undefined\ reference|out\ of\ memory|killed)"
)
# `KeyError:` and `ERR!` are words as well; `error_handler.o` and `--fail-fast` are names.
_SAYS = re.compile(
    rf"(?<![\w./=-])(?i:{_WORD})(?![\w/=-]|\.\w)"
    r"|(?<![\w./-])[A-Z]\w*(?:Error|Exception)(?=:|\b(?![\w/.(-]))"
    r"|\bERR!|^\s*E:|✗|×",
    re.VERBOSE,
)
# What programs write on standard output is an error only where the line begins by saying so.
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
# Of every error that is believed at a word, one of these is a part: far quicker to look for.
_TRACES = (
    *("err", "fail", "fatal", "panic", "traceback", "exception", "abort", "fault", "cannot"),
    *("can't", "unable", "no such", "not found", "denied", "undefined", "out of", "killed"),
    *("e:", "✗", "×"),
)
# Far longer than any message; what is beyond is data.
_FAR_ENOUGH = 1000


def looks_like_error(text: str, stream: int) -> bool:
    """Tell whether a plain line looks like an error; `stream` is 0 for our own words, else 1 or 2.

    Standard error is believed at a word; standard output only where the line begins with it.
    """
    if stream == 0:
        return text.startswith("✗")
    text = text[:_FAR_ENOUGH]
    small = text.lower()
    if not any(trace in small for trace in _TRACES):
        return False
    found = _SAYS.search(text) if stream == 2 else _BEGINS.match(text)
    return found is not None and _NONE_OF_IT.search(text) is None
