"""The runner's journal: events are written and folded in; a full disk only delays them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import deque

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.store.run_folder import RunFolder

# Room for the last words of 16 lanes, all their answers included.
_RESERVE = 128 * 1024


class JournalWriter:
    """Writes a run's journal, in order, and keeps `state` up to date with it.

    What can't be written (the disk is full) is kept, and written as soon as there is room again.
    A piece of disk is held back meanwhile, and given up for the last words: the run has an end
    then, whoever filled the disk.
    """

    def __init__(self, folder: RunFolder, state: RunState) -> None:
        self.state = state
        self._folder = folder
        self._unwritten: deque[events.AnyEvent] = deque()

    def hold_room(self) -> None:
        """Hold a piece of disk back for the last words; on a full disk there is none."""
        file = self._folder.reserve_file
        with contextlib.suppress(OSError), self._folder.open_to_write(file, empty=True) as out:
            # Random, since some file systems need no room for zeros.
            out.write(os.urandom(_RESERVE))

    def append(self, event: events.AnyEvent) -> str:
        """Say something; return '' or why it can't be written yet."""
        self.state.apply_event(event)
        begins = not self._unwritten
        self._unwritten.append(event)
        trouble = self.catch_up()
        if trouble and begins:
            words = f"the run folder can't be written ({trouble}): logs may miss what came then"
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{words}\n")
            self._unwritten.appendleft(events.Note(at=event.at, text=words))
            self.state.apply_event(self._unwritten[0])
        return trouble

    def note(self, text: str, target: str = "") -> None:
        """Make a remark to people."""
        self.append(events.Note(at=time.time(), text=text, target=target))

    def catch_up(self) -> str:
        """Write what could not be written before; return '' or why it can't be."""
        while self._unwritten:
            try:
                self._folder.append(self._unwritten[0])
            except OSError as error:
                return error.strerror or str(error)
            self._unwritten.popleft()
        return ""

    def end(self, event: events.AnyEvent) -> None:
        """Say the last word, with the room that was held back; raises OSError where it isn't heard.

        Nothing of the run goes on any more that could take that room.
        """
        trouble = self.append(event)
        with contextlib.suppress(OSError):
            self._folder.reserve_file.unlink(missing_ok=True)
        if trouble and (trouble := self.catch_up()):
            raise OSError(f"the end of the run can't be written down: {trouble}")
