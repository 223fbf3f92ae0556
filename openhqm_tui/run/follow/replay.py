"""Replay of a recorded run: a follower that only sees what had happened by the replayed time.

Nothing is copied or written: the recording's files are read up to their length at that time. Every
front end that follows a live run can therefore show a replay.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from openhqm_tui.domain.buildkit.rawjson import LONGEST_LINE
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import RunInfo, TargetStarted
from openhqm_tui.domain.run.replay import (
    ReplayClock,
    ReplayEvent,
    ReplayTimeline,
    Span,
    events_due,
    spans,
    stream_due,
)
from openhqm_tui.run.follow.follower import Changes, Follower, Tail
from openhqm_tui.store.archive import unpack_run
from openhqm_tui.store.paths import bundled
from openhqm_tui.store.run_folder import RunFolder

# The name of the recording that ships with the package.
SHIPPED = "demo"


class Recording:
    """The events and streams of a run with their times; `name` is shown to the user."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.name = folder.info.id
        self.events, events = events_due(_lines(folder, folder.events_file))
        self._streams = {_key(span.started): self._due(span) for span in spans(events)}
        times = [self.events.times, *(due.times for due in self._streams.values())]
        self.tape = ReplayTimeline(time for some in times for time in some)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def packed(cls, file: Path) -> Recording:
        """Read an exported run, unpacked to a temporary folder that `close` removes.

        Raises UsageProblem if the file isn't a complete export.
        """
        temporary = tempfile.TemporaryDirectory(prefix="openhqm-tui-replay-")
        try:
            recording = cls(unpack_run(file, Path(temporary.name)))
        except BaseException:
            temporary.cleanup()
            raise
        recording._temporary = temporary
        return recording

    @classmethod
    def shipped(cls) -> Recording:
        """Read the recording that ships with the package; the caller closes it."""
        recording = cls.packed(bundled("recording.zip"))
        recording.name = SHIPPED
        return recording

    @property
    def info(self) -> RunInfo:
        """What was known before the run started."""
        return self.folder.info

    def stream(self, event: TargetStarted) -> ReplayEvent:
        """Return when the bytes of an attempt's stream are due."""
        return self._streams.get(_key(event)) or ReplayEvent()

    def close(self) -> None:
        """Remove the temporary folder, if there is one."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _due(self, span: Span) -> ReplayEvent:
        file = self.folder.path / Path(span.started.stream).name
        return stream_due(_lines(self.folder, file), span)


def _key(event: TargetStarted) -> tuple[str, float]:
    return event.target, event.at


def recording_of(folder: RunFolder) -> Recording:
    """Read a finished run; raises UsageProblem if it is still running. Blocks."""
    if folder.is_live():
        raise UsageProblem(
            f"run {folder.path.name} is still in progress",
            fix=f"watch it with `openhqm-tui attach {folder.path.name}`",
        )
    return Recording(folder)


def _lines(folder: RunFolder, file: Path) -> Iterator[bytes]:
    """Yield the lines with their ends, very long ones in pieces; none if it can't be read."""
    try:
        with folder.open(file) as opened:
            while line := opened.readline(LONGEST_LINE):
                yield line
    except OSError:
        return


SLOWEST, FASTEST = 0.1, 1000.0


class _GatedTail(Tail):
    """A file that ends at what is due."""

    def __init__(self, tail: Tail, due: ReplayEvent, seen: Callable[[], float]) -> None:
        super().__init__(tail.folder, tail.path)
        self._due = due
        self._seen = seen
        self._at = 0

    def read(self, most: int = 1 << 62) -> bytes:
        data = super().read(min(most, self._due.upto(self._seen()) - self._at))
        self._at += len(data)
        return data


class Player(Follower):
    """Follows a recording as if it were live, `speed` times as fast; `clock` in seconds."""

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        position: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recording = recording
        self.pace = ReplayClock(recording.tape.length, speed, position)
        self._clock = clock
        # The time up to which a poll reads, the same for all files; before the first, nothing.
        self._seen = -math.inf
        self._all_seen = False
        super().__init__(recording.folder)

    @property
    def now(self) -> float:
        """The recorded time of the current position, in seconds since the epoch."""
        return self.recording.tape.recorded(self.position)

    @property
    def position(self) -> float:
        """The number of seconds played."""
        return self.pace.position(self._clock())

    @property
    def finished(self) -> bool:
        """Return whether the recording is at its end and was read completely.

        A finished run that was resumed continues in the recording.
        """
        return self._all_seen and super().finished

    def poll(self, only: Collection[str] | None = None) -> Changes:
        """Read what has become due and fold it in."""
        finished = self.finished
        clock = self._clock()
        self._seen = self.recording.tape.recorded(self.pace.position(clock))
        self._all_seen = self.pace.is_over(clock)
        changes = super().poll(only)
        changes.over = self.finished and not finished
        return changes

    def pause(self, *, paused: bool) -> None:
        """Pause or continue."""
        self.pace.pause(self._clock(), paused=paused)

    def shift(self, by: int) -> None:
        """Play faster (1) or slower (-1)."""
        self.pace.shift(self._clock(), by)

    def jump(self, position: float) -> Player:
        """Return the player that continues from a position: this one if ahead, or a new one."""
        if position >= self.position:
            self.pace.jump(self._clock(), position)
            return self
        other = Player(self.recording, speed=self.pace.speed, position=position, clock=self._clock)
        other.pace.paused = self.pace.paused
        return other

    def _events_tail(self) -> Tail:
        return _GatedTail(super()._events_tail(), self.recording.events, lambda: self._seen)

    def _stream_tail(self, event: journal.TargetStarted) -> Tail:
        due = self.recording.stream(event)
        return _GatedTail(super()._stream_tail(event), due, lambda: self._seen)

    def _is_live(self) -> bool:
        return not self._all_seen


def parse_speed(text: str) -> float:
    """Parse `--speed`: a number, or infinity for `max`; raises UsageProblem."""
    if text == "max":
        return math.inf
    try:
        speed = float(text.removesuffix("x").removesuffix("×"))
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise UsageProblem(
            f"--speed {text}: not a valid speed",
            fix=f"use a number from {SLOWEST:g} to {FASTEST:g}, or `max` to skip to the end",
        )
    return speed
