"""The runner's journal: events are written and applied to the state; a full disk delays them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import deque

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.store.run_folder import RunFolder

# Enough for the final events of 16 lanes, with all their verdicts.
_RESERVE = 128 * 1024


class JournalWriter:
    """Writes a run's journal, in order, and keeps `state` up to date with it.

    Events that can't be written (the disk is full) are kept, and written as soon as there is space.
    Some disk space is reserved for the final events, so that the end of the run is recorded even
    on a full disk.
    """

    def __init__(self, folder: RunFolder, state: RunState) -> None:
        self.state = state
        self._folder = folder
        self._unwritten: deque[events.AnyEvent] = deque()

    def reserve_space(self) -> None:
        """Reserve disk space for the final events; without effect on a full disk."""
        file = self._folder.reserve_file
        with contextlib.suppress(OSError), self._folder.open_to_write(file, empty=True) as out:
            # Random, because some file systems store zeros without using space.
            out.write(os.urandom(_RESERVE))

    def append(self, event: events.AnyEvent) -> str:
        """Record an event; return '' or why it can't be written yet."""
        self.state.apply_event(event)
        is_first = not self._unwritten
        self._unwritten.append(event)
        trouble = self.catch_up()
        if trouble and is_first:
            words = f"can't write to the run folder ({trouble}): logs may be incomplete"
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{words}\n")
            self._unwritten.appendleft(events.Note(at=event.at, text=words))
            self.state.apply_event(self._unwritten[0])
        return trouble

    def note(self, text: str, target: str = "") -> None:
        """Record a message for people."""
        self.append(events.Note(at=time.time(), text=text, target=target))

    def catch_up(self) -> str:
        """Write delayed events; return '' or why they can't be written."""
        while self._unwritten:
            try:
                self._folder.append(self._unwritten[0])
            except OSError as error:
                return error.strerror or str(error)
            self._unwritten.popleft()
        return ""

    def end(self, event: events.AnyEvent) -> None:
        """Record the final event, using the reserved space; raises OSError if it can't be written.

        No process of the run is left that could use up that space.
        """
        trouble = self.append(event)
        with contextlib.suppress(OSError):
            self._folder.reserve_file.unlink(missing_ok=True)
        if trouble and (trouble := self.catch_up()):
            raise OSError(f"the end of the run can't be recorded: {trouble}")
