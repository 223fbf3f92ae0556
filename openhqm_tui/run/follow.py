"""Following a run folder, growing or finished: new bytes in, changed lanes out."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import event_decoder
from openhqm_tui.domain.progress import StreamDecoder
from openhqm_tui.domain.state import RunState
from openhqm_tui.store.run_folder import RunFolder

# Enough to keep up with any build, little enough to leave the event loop free between polls.
_MOST_BYTES = 256 * 1024


class Changes(msgspec.Struct):
    """What one look at the folder brought: names of lanes `(target, platform)` and targets.

    `more` says that there was more to read than one look takes.
    """

    lanes: set[tuple[str, str]] = msgspec.field(default_factory=set)
    targets: set[str] = msgspec.field(default_factory=set)
    events: list[journal.AnyEvent] = msgspec.field(default_factory=list)
    more: bool = False

    def __bool__(self) -> bool:
        return bool(self.lanes or self.targets or self.events)


class _Tail:
    """A file read from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def read(self) -> bytes:
        if self._file is None:
            try:
                self._file = self.path.open("rb", buffering=0)
            except OSError:
                return b""
        return self._file.read(_MOST_BYTES) or b""

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Follower:
    """Keeps `state` up to date with a run folder; reads only, and never waits."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.state = RunState(folder.info)
        self._events = _Tail(folder.events_file)
        self._rest = b""
        self._streams: dict[str, tuple[str, _Tail, StreamDecoder]] = {}
        self._over: set[str] = set()

    @property
    def finished(self) -> bool:
        """Tell whether the run is over and all of it was read."""
        over = self.state.outcome is not None or self.state.interrupted
        return over and not self._streams

    def poll(self) -> Changes:
        """Read what is new and fold it in."""
        # Asked before reading: what a runner wrote before its end is then surely read.
        live = self.folder.is_live()
        changes = Changes()
        self._read_events(changes)
        for target in list(self._streams):
            self._read_stream(target, changes)
        if not live and not changes and self.state.outcome is None and not self.state.interrupted:
            self.state.interrupted = True
            changes.targets.update(self.state.targets)
            self._over.update(self._streams)
            changes.more = bool(self._streams)
        return changes

    def close(self) -> None:
        """Close the files."""
        self._events.close()
        for _, tail, _ in self._streams.values():
            tail.close()
        self._streams.clear()

    def _read_events(self, changes: Changes) -> None:
        data = self._events.read()
        if not data:
            return
        changes.more = changes.more or len(data) == _MOST_BYTES
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = event_decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue  # from a newer version, or a damaged folder: the rest is still true
            target = getattr(event, "target", "")
            if target and target not in self.state.targets:
                continue
            if isinstance(event, journal.TargetStarted):
                # The stream of an earlier attempt must be folded in before it is forgotten.
                self._drain(event.target, changes)
                path = self.folder.path / Path(event.stream).name
                self._streams[event.target] = (event.stream, _Tail(path), StreamDecoder())
                self._over.discard(event.target)
            elif isinstance(event, journal.TargetEnded):
                self._over.add(event.target)
            elif isinstance(event, journal.RunStarted):
                self.state.interrupted = False
            self.state.apply_event(event)
            changes.events.append(event)
            changes.targets.update([target] if target else self.state.targets)
            platform = getattr(event, "platform", "")
            if platform and self.state.lane(target, platform) is not None:
                changes.lanes.add((target, platform))

    def _read_stream(self, target: str, changes: Changes) -> int:
        _, tail, decoder = self._streams[target]
        data = tail.read()
        records = decoder.feed(data) if data else []
        if not data and target in self._over:
            records = decoder.close()
            tail.close()
            del self._streams[target]
        if records:
            before = self._marks(target)
            self.state.apply_records(target, records)
            changes.targets.add(target)
            changes.lanes.update(k for k, v in self._marks(target).items() if v != before.get(k))
        if target not in self._streams:
            self.state.end_stream(target)
            changes.targets.add(target)
        elif data and target in self._over:
            changes.more = True
        changes.more = changes.more or len(data) == _MOST_BYTES
        return len(data)

    def _drain(self, target: str, changes: Changes) -> None:
        self._over.add(target)
        while target in self._streams:
            self._read_stream(target, changes)

    def _marks(self, target: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Return what shows whether a lane moved: its log's length, its steps that are over."""
        state = self.state.targets.get(target)
        if state is None:
            return {}
        return {
            lane.key: (len(lane.log), sum(len(s.intervals) + s.status.is_over for s in lane.steps))
            for lane in state.lanes.values()
        }
