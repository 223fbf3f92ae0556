"""A run folder to be played: its files, and when each of their bytes is due."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.domain.journal import RunInfo, TargetStarted
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.domain.progress import LONGEST_LINE
from openhqm_tui.domain.tape import Due, Span, Tape, events_due, spans, stream_due
from openhqm_tui.store.packing import unpack_run
from openhqm_tui.store.places import bundled
from openhqm_tui.store.run_folder import RunFolder

# What a person calls the recording that ships with the package.
SHIPPED = "demo"


class Recording:
    """All that is played of a run; `name` is what a person knows it by."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.name = folder.info.id
        self.events, events = events_due(_lines(folder, folder.events_file))
        self._streams = {_key(span.started): self._due(span) for span in spans(events)}
        times = [self.events.times, *(due.times for due in self._streams.values())]
        self.tape = Tape(time for some in times for time in some)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def packed(cls, file: Path) -> Recording:
        """Read an exported run from a folder of its own, which `close` takes away.

        Raises UsageProblem for a file that is no whole export.
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
        """Read the recording that ships with the package; it has to be closed."""
        recording = cls.packed(bundled("recording.zip"))
        recording.name = SHIPPED
        return recording

    @property
    def info(self) -> RunInfo:
        """What was known before the run started."""
        return self.folder.info

    def stream(self, event: TargetStarted) -> Due:
        """Return when the bytes of an attempt's stream are due."""
        return self._streams.get(_key(event)) or Due()

    def close(self) -> None:
        """Take away what was unpacked only to be played."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _due(self, span: Span) -> Due:
        file = self.folder.path / Path(span.started.stream).name
        return stream_due(_lines(self.folder, file), span)


def _key(event: TargetStarted) -> tuple[str, float]:
    return event.target, event.at


def recording_of(folder: RunFolder) -> Recording:
    """Read a run that is over; raises UsageProblem for one that goes on. Blocks."""
    if folder.is_live():
        raise UsageProblem(
            f"run {folder.path.name} goes on: there is no end to play to yet",
            fix=f"watch it with `openhqm-tui attach {folder.path.name}`",
        )
    return Recording(folder)


def _lines(folder: RunFolder, file: Path) -> Iterator[bytes]:
    """Yield the lines with their ends, longest ones in pieces; none where it can't be read."""
    try:
        with folder.open(file) as opened:
            while line := opened.readline(LONGEST_LINE):
                yield line
    except OSError:
        return
