"""The timeline of a replay: when each byte is due, and the current position.

Recorded times are seconds since the epoch; positions are seconds from the start of the replay. Long
silences (a retry on the next day) are shortened. No clock is read here: the player has one.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import msgspec

from openhqm_tui.domain.buildkit.rawjson import SolveStatus, seconds
from openhqm_tui.domain.run import events as journal

# The maximum length of a silence in seconds.
LONGEST_SILENCE = 10.0
SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


class ReplayEvent:
    """How many bytes of a file are visible from which recorded time on."""

    def __init__(self) -> None:
        self.times = array("d")
        self._ends = array("q")

    def add(self, time: float, end: int) -> None:
        """Set the bytes before `end` to be due at `time`; neither ever decreases."""
        if self.times and time <= self.times[-1]:
            self._ends[-1] = end
        else:
            self.times.append(time)
            self._ends.append(end)

    def upto(self, now: float) -> int:
        """Return the number of visible bytes at `now`."""
        place = bisect_right(self.times, now)
        return self._ends[place - 1] if place else 0


class Span(msgspec.Struct, frozen=True):
    """The recorded time span of an attempt's stream."""

    started: journal.TargetStarted
    begins: float
    ends: float


def events_due(lines: Iterable[bytes]) -> tuple[ReplayEvent, list[tuple[float, journal.AnyEvent]]]:
    """Return when each line of `events.jsonl` is due, and the events with that time.

    A line that can't be read is due with the one before it.
    """
    due, found, at, end = ReplayEvent(), [], 0.0, 0
    for line in lines:
        end += len(line)
        try:
            event = journal.event_decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            at = max(at, event.at)
            found.append((at, event))
        due.add(at, end)
    return due, found


def spans(events: Iterable[tuple[float, journal.AnyEvent]]) -> Iterator[Span]:
    """Yield the span of each attempt's stream, which ends when Buildx ended."""
    begun: dict[str, tuple[journal.TargetStarted, float]] = {}
    for at, event in events:
        match event:
            case journal.TargetStarted():
                if event.target in begun:
                    yield Span(*begun[event.target], at)
                begun[event.target] = event, at
            case journal.TargetEnded() if event.target in begun:
                yield Span(*begun.pop(event.target), at)
            case journal.RunEnded():
                yield from (Span(*one, at) for one in begun.values())
                begun.clear()
            case _:
                pass
    yield from (Span(*one, math.inf) for one in begun.values())


def stream_due(lines: Iterable[bytes], span: Span) -> ReplayEvent:
    """Return when each line of a stream is due: at the latest time that it contains.

    A line without a time is due with the one before it. A builder's clock may be wrong: times that
    start outside of the span are shifted to its start.
    """
    due, at, end, shift = ReplayEvent(), span.begins, 0, None
    decode = msgspec.json.Decoder(SolveStatus).decode
    for line in lines:
        end += len(line)
        told = _told(decode, line)
        if told is not None:
            if shift is None:
                shift = 0.0 if span.begins - 1.0 <= told <= span.ends else span.begins - told
            at = min(max(at, told + shift), span.ends)
        due.add(at, end)
    return due


def _told(decode: Callable[[bytes], SolveStatus], line: bytes) -> float | None:
    if not line.startswith(b"{"):
        return None
    try:
        record = decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    moments = [m for v in record.vertexes or () for m in (v.started, v.completed)]
    moments += [m for s in record.statuses or () for m in (s.timestamp, s.started, s.completed)]
    moments += [log.timestamp for log in record.logs or ()]
    return max((at for at in map(seconds, moments) if at is not None), default=None)


class ReplayTimeline:
    """Maps positions to recorded times, with long silences shortened; `length` in seconds."""

    def __init__(self, times: Iterable[float]) -> None:
        ordered = sorted(times)
        self._positions, self._times = [0.0], ordered[:1] or [0.0]
        for before, after in pairwise(ordered):
            if after - before > LONGEST_SILENCE:
                self._lay(before, before - self._times[-1])
                self._lay(after, LONGEST_SILENCE)
        if ordered:
            self._lay(ordered[-1], ordered[-1] - self._times[-1])
        self.length = self._positions[-1]

    def _lay(self, time: float, takes: float) -> None:
        if takes > 0:
            self._positions.append(self._positions[-1] + takes)
            self._times.append(time)

    def recorded(self, position: float) -> float:
        """Return the recorded time at a position; it runs faster in a shortened silence."""
        after = bisect_right(self._positions, position)
        if after == 0 or after == len(self._positions):
            return self._times[0 if after == 0 else -1]
        ahead = position - self._positions[after - 1]
        room = self._positions[after] - self._positions[after - 1]
        begins, ends = self._times[after - 1], self._times[after]
        return begins + (ends - begins) * ahead / room


class ReplayClock:
    """The position of a replay; `clock` returns seconds of the player."""

    def __init__(self, length: float, speed: float = 1.0, position: float = 0.0) -> None:
        self.length = length
        self.speed = speed
        self.paused = False
        self._at = min(max(position, 0.0), length)
        self._since: float | None = None

    def position(self, clock: float) -> float:
        """Return the current position; the first call starts playing."""
        if self._since is None:
            self._since = clock
        if self.paused:
            return self._at
        if math.isinf(self.speed):
            return self.length
        return min(self.length, self._at + max(0.0, clock - self._since) * self.speed)

    def is_over(self, clock: float) -> bool:
        """Return whether the end was reached."""
        return self.position(clock) >= self.length

    def pause(self, clock: float, *, paused: bool) -> None:
        """Pause or continue."""
        self._hold(clock)
        self.paused = paused

    def shift(self, clock: float, by: int) -> None:
        """Continue at the next speed of SPEEDS, `by` 1 faster, -1 slower."""
        self._hold(clock)
        if by > 0:
            self.speed = next((s for s in SPEEDS if s > self.speed), self.speed)
        else:
            self.speed = next((s for s in reversed(SPEEDS) if s < self.speed), self.speed)

    def jump(self, clock: float, position: float) -> None:
        """Continue from another position."""
        self._hold(clock)
        self._at = min(max(position, 0.0), self.length)

    def _hold(self, clock: float) -> None:
        self._at, self._since = self.position(clock), clock
