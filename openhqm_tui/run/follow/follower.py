"""Following a run folder, growing or finished: new bytes in, changed lanes out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import AnyEvent, RunInfo, event_decoder
from openhqm_tui.domain.run.log import NO_STEP, LogLines
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.run.redaction import mask_of, without_secrets
from openhqm_tui.store.run_folder import RunFolder, all_runs

# Bytes per poll of one stream: some milliseconds of work, so that a front end can poll several
# between two frames.
_MOST_BYTES = 64 * 1024


class Changes(msgspec.Struct):
    """The result of one poll: names of changed lanes `(target, platform)` and targets.

    `standing` are those of the `targets` in which more than a lane's log has changed. `more`: there
    is more to read than one poll reads; `over`: nothing more will come; `first`: this was in the
    folder when it was opened.
    """

    lanes: set[tuple[str, str]] = msgspec.field(default_factory=set)
    targets: set[str] = msgspec.field(default_factory=set)
    standing: set[str] = msgspec.field(default_factory=set)
    events: list[journal.AnyEvent] = msgspec.field(default_factory=list)
    more: bool = False
    over: bool = False
    first: bool = False

    def __bool__(self) -> bool:
        return bool(self.lanes or self.targets or self.events)

    def name(self, *targets: str) -> None:
        """Mark targets as changed."""
        self.targets.update(targets)
        self.standing.update(targets)

    def add(self, later: Changes) -> None:
        """Merge the changes of a later poll."""
        self.lanes |= later.lanes
        self.targets |= later.targets
        self.standing |= later.standing
        self.events += later.events
        self.more, self.over = later.more, later.over


class Tail:
    """A file of a run, read from where the last poll ended."""

    def __init__(self, folder: RunFolder, path: Path) -> None:
        self.folder = folder
        self.path = path
        self._file: BinaryIO | None = None

    def read(self, most: int = _MOST_BYTES) -> bytes:
        """Return new bytes, at most `most`."""
        if self._file is None:
            try:
                self._file = self.folder.open(self.path)
            except OSError:
                return b""  # doesn't exist yet, or the name isn't a valid file name
        return self._file.read(min(most, _MOST_BYTES))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_end_of(target: str, event: journal.AnyEvent) -> bool:
    return isinstance(event, journal.TargetEnded) and event.target == target


class Follower:
    """Keeps `state` up to date with a run folder; only reads, and never blocks."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.state = RunState(folder.info, mask_of(folder))
        self._events = self._events_tail()
        self._rest = b""
        self._waiting: deque[journal.AnyEvent] = deque()
        self._streams: dict[str, tuple[Tail, StreamDecoder]] = {}
        self._over: set[str] = set()
        self._silent: set[str] = set()

    @property
    def now(self) -> float:
        """The current time of the run, in seconds since the epoch."""
        return time.time()

    @property
    def finished(self) -> bool:
        """Return whether the run has ended and was read completely."""
        over = self.state.outcome is not None or self.state.interrupted
        return over and not self._streams and not self._waiting

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets whose streams haven't been read to their ends."""
        return tuple(self._streams)

    def poll(self, only: Collection[str] | None = None) -> Changes:
        """Read and apply new bytes of all streams, or `only` of the named targets."""
        finished = self.finished
        # Tested before reading, so that everything a runner wrote before its end is read.
        live = self._is_live()
        changes = Changes()
        has_new = self._read_events()
        self._apply_events(changes)
        for target in list(self._streams) if only is None else only:
            if target in self._streams:
                has_new |= self._read_stream(target, changes)
                self._silent.add(target)
        if live or has_new or changes:
            self._silent.clear()
        elif not self.state.interrupted and (self.state.outcome is None or self._streams):
            self._runner_died(changes)
        changes.more |= bool(self._waiting)
        changes.over = self.finished and not finished
        return changes

    def read_all(self) -> None:
        """Read everything written so far; of a runner that died, all that it left. Blocks."""
        while self.poll().more or not (self.finished or self._is_live()):
            pass

    def close(self) -> None:
        """Close the files."""
        self._events.close()
        for tail, _ in self._streams.values():
            tail.close()
        self._streams.clear()

    def _events_tail(self) -> Tail:
        return Tail(self.folder, self.folder.events_file)

    def _stream_tail(self, event: journal.TargetStarted) -> Tail:
        return Tail(self.folder, self.folder.path / Path(event.stream).name)

    def _is_live(self) -> bool:
        return self.folder.is_live()

    def _runner_died(self, changes: Changes) -> None:
        """Mark the run as interrupted once every stream was polled without new bytes."""
        if self._silent.issuperset(self._streams):
            # In a damaged journal a target may start after the end, so its stream is never ended.
            self.state.end_interrupted()
            changes.name(*self.state.targets)
            self._over.update(self._streams)
            changes.more = bool(self._streams)

    def _read_events(self) -> bool:
        data = self._events.read()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = event_decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue  # a newer version or a damaged folder: the other events are valid
            target = getattr(event, "target", "")
            if not target or target in self.state.targets:
                self._waiting.append(without_secrets(event, self.state.mask))
        return bool(data)

    def _apply_events(self, changes: Changes) -> None:
        while self._waiting:
            event = self._waiting[0]
            if isinstance(event, journal.TargetStarted | journal.TargetQueued):
                if event.target in self._streams:
                    # The stream of an earlier attempt is applied before it is dropped.
                    self._over.add(event.target)
                    return
                if any(_is_end_of(event.target, earlier) for earlier in changes.events):
                    # Show the end of the old log before dropping it: the next read continues here.
                    return
            if isinstance(event, journal.TargetStarted):
                self._streams[event.target] = (self._stream_tail(event), StreamDecoder())
                self._over.discard(event.target)
            elif isinstance(event, journal.TargetEnded):
                self._over.add(event.target)
            elif isinstance(event, journal.RunEnded):
                self._over.update(self._streams)
            self._waiting.popleft()
            self.state.apply_event(event)
            changes.events.append(event)
            target = getattr(event, "target", "")
            changes.name(*([target] if target else self.state.targets))
            platform = getattr(event, "platform", "")
            if platform and self.state.lane(target, platform) is not None:
                changes.lanes.add((target, platform))

    def _read_stream(self, target: str, changes: Changes) -> bool:
        tail, decoder = self._streams[target]
        data = tail.read()
        ends = not data and target in self._over
        records = decoder.feed(data) if data else decoder.close() if ends else []
        if records:
            touched = self.state.apply_records(target, records)
            changes.lanes |= touched.lanes
            changes.targets.add(target)
            if touched.standing:
                changes.standing.add(target)
        if ends:
            tail.close()
            del self._streams[target]
            self.state.end_stream(target)
            changes.name(target)
        elif data and (target in self._over or len(data) == _MOST_BYTES):
            changes.more = True
        return bool(data)


def read_run(folder: RunFolder) -> RunState:
    """Return the current state of a run. Blocks.

    Raises Problem if `run.json` can't be read.
    """
    follower = Follower(folder)
    try:
        follower.read_all()
    finally:
        follower.close()
    return follower.state


def state_of(folder: RunFolder) -> RunState:
    """Fold the events in `events.jsonl`; raises Problem if `run.json` can't be read."""
    state = RunState(folder.info)
    for event in folder.events():
        state.apply_event(event)
    return state


def state_now(folder: RunFolder) -> RunState:
    """Return a run's state from its events, including whether it was interrupted.

    Raises Problem if `run.json` can't be read.
    """
    # Tested before reading, so that everything a runner wrote before its end is read.
    live = folder.is_live()
    state = state_of(folder)
    if not live:
        state.end_interrupted()
    return state


def live_runs(state: Path) -> Iterator[RunFolder]:
    """Yield the readable runs in progress, latest first."""
    for run in all_runs(state):
        try:
            if run.is_live() and run.info:
                yield run
        except Problem:
            continue


def tags_shared(state: Path, info: RunInfo) -> list[tuple[RunFolder, list[str]]]:
    """Return the runs in progress that set some of the tags of `info`, with these tags."""
    wanted = {tag for target in info.targets for tag in target.tags}
    found = []
    for run in live_runs(state):
        tags = [tag for target in run.info.targets for tag in target.tags if tag in wanted]
        if tags:
            found.append((run, tags))
    return found


def shared_tag_warnings(state: Path, info: RunInfo) -> list[str]:
    """Return a warning for each run in progress that sets some of the tags of `info`."""
    warnings = []
    for other, tags in tags_shared(state, info):
        more, each = (f" and {len(tags) - 1} more", "each") if len(tags) > 1 else ("", "the")
        warnings.append(
            f"run {other.path.name} is in progress and also builds {tags[0]}{more}: the runs "
            f"don't interfere with each other, but {each} tag will point to whichever image is "
            "tagged last"
        )
    return warnings


def logs_of(target: TargetState) -> Iterator[tuple[str, LogLines]]:
    """Yield a target's logs: its own with platform '', then those of its lanes."""
    yield "", target.log
    for platform, lane in target.lanes.items():
        yield str(platform), lane.log


class EventOrderer:
    """Yields new events and log lines, each exactly once.

    In a live run, a build's lines are read before its end; in a finished one, the journal has its
    end before its lines are read. So the events of a target from its build's end on wait until all
    lines of the build were returned, and the run's end waits for all targets.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._held: dict[str, list[AnyEvent]] = {}
        self._given: dict[tuple[str, str, int], int] = {}
        for target in follower.state.targets.values():
            for platform, log in logs_of(target):
                self._given[target.name, platform, target.attempt] = len(log)

    def events(self, changes: Changes) -> list[AnyEvent]:
        """Return the events that are due after a poll."""
        due: list[AnyEvent] = []
        for event in changes.events:
            name = getattr(event, "target", "")
            if name in self._held or self._is_early(event, name):
                self._held.setdefault(name, []).append(event)
            else:
                due.append(event)
        for name in [name for name in self._held if name not in {"", *self._follower.targets}]:
            due += self._held.pop(name)
        if set(self._held) == {""}:
            due += self._held.pop("")
        return due

    def lines(self, target: TargetState) -> Iterator[tuple[str, LogLines, int]]:
        """Yield the new lines of a target as platform, log and line index."""
        for platform, log in logs_of(target):
            key = (target.name, platform, target.attempt)
            first, self._given[key] = self._given.get(key, 0), len(log)
            for index in range(first, len(log)):
                # Warnings and Buildx's own output come with the summary.
                if log.step(index) != NO_STEP:
                    yield platform, log, index

    def _is_early(self, event: AnyEvent, name: str) -> bool:
        if isinstance(event, journal.TargetEnded):
            return name in self._follower.targets
        return isinstance(event, journal.RunEnded) and bool(self._held)
