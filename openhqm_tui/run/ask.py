"""Requests to a run. A finished run is continued by a new runner."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.text import one_line
from openhqm_tui.run.follow.load_state import state_of
from openhqm_tui.run.start.launch import launch
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import Request, RunFolder, runs_folder

# Seconds until a runner must have said that it heard; it looks ten times a second.
PATIENCE = 20.0
# Seconds for a new one, which ends first what a dead one left: up to 20 s for processes, then
# containers.
PATIENCE_TO_BEGIN = 90.0
_EVERY = 0.05


def send_request(folder: RunFolder, *requests: Request) -> None:
    """Return when a runner has heard all `requests`, the one that is there or a new one. Blocks.

    A runner that is about to end may not see the request any more. Its lock tells: who can take
    it knows that nobody else will hear, and starts a runner that does. To cancel a run that was
    interrupted starts one as well: it ends what the dead one left, builds and containers, and
    closes the run as cancelled. A run that is over has nothing to cancel. Raises Problem where
    none can be started, or the disk is full, and for a run that was imported.
    """
    if folder.is_imported:
        raise Problem(
            f"run {folder.path.name} was imported: its plan comes from elsewhere and may name any "
            "file here, so it can be looked at, but not executed"
        )
    if folder.path.resolve().parent != runs_folder(state_folder()).resolve():
        raise Problem(
            f"{folder.path} isn't in the state folder: it may come from elsewhere, so it can be "
            "looked at, but not executed"
        )
    try:
        upto = [folder.ask(request) for request in requests][-1]
    except OSError as error:
        raise Problem(f"run {folder.path.name} can't be asked ({error.strerror})") from error
    end = time.monotonic() + PATIENCE
    launched = False
    while state_of(folder).heard < upto:
        lock = _take(folder)
        if lock is None:
            if time.monotonic() > end:
                raise Problem(f"the runner of {folder.path.name} doesn't answer")
            time.sleep(_EVERY)
        elif _needs_nobody(folder, requests, upto):
            os.close(lock)
            return
        elif launched:
            os.close(lock)
            raise Problem(_last_words(folder))
        else:
            launch(folder, lock)
            launched, end = True, time.monotonic() + PATIENCE_TO_BEGIN


def _needs_nobody(folder: RunFolder, requests: Sequence[Request], upto: int) -> bool:
    """Tell whether it was heard just before the end, or nothing is left that could be stopped."""
    state = state_of(folder)
    only_stops = all(request.ask == "cancel" for request in requests)
    return state.heard >= upto or (only_stops and state.outcome is not None)


def _take(folder: RunFolder) -> int | None:
    try:
        return folder.lock()
    except Problem:
        return None
    except OSError as error:
        raise Problem(f"run {folder.path.name} can't be executed ({error.strerror})") from error


def _last_words(folder: RunFolder) -> str:
    try:
        lines = folder.read(folder.runner_log)[-4096:].splitlines()
    except OSError:
        lines = []
    said = one_line(lines[-1]) if lines else "it said nothing"
    return f"the runner died at once ({said}); all of it is in {folder.runner_log}"
