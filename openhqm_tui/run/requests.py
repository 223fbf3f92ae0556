"""Requests to a run, and the start of its runner. A finished run is continued by a new runner."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.text import one_line
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import Request, RunFolder, runs_folder

# Seconds until a runner must have acknowledged a request; it polls ten times a second.
PATIENCE = 20.0
# Seconds for a new runner, which first stops what a dead one left: up to 20 s for processes,
# then containers.
PATIENCE_TO_BEGIN = 90.0
_EVERY = 0.05


def send_request(folder: RunFolder, *requests: Request) -> None:
    """Return once a runner, current or new, has acknowledged all `requests`. Blocks.

    A runner that is about to exit may miss the request. If its lock can be taken, no runner is
    left, and a new one is started. Cancelling an interrupted run also starts one: it stops the
    builds and containers that the dead runner left and closes the run as cancelled. In a finished
    run there is nothing to cancel. Raises Problem if no runner can be started, if the disk is
    full, and for an imported run.
    """
    if folder.is_imported:
        raise Problem(
            f"run {folder.path.name} was imported and can only be viewed: its plan may refer to "
            "any file on this machine"
        )
    if folder.path.resolve().parent != runs_folder(state_folder()).resolve():
        raise Problem(
            f"run {folder.path} isn't in the state folder and can only be viewed: its plan may "
            "come from another machine"
        )
    try:
        upto = [folder.append_request(request) for request in requests][-1]
    except OSError as error:
        raise Problem(f"can't write to run folder {folder.path.name} ({error.strerror})") from error
    end = time.monotonic() + PATIENCE
    launched = False
    while state_of(folder).heard < upto:
        lock = _take(folder)
        if lock is None:
            if time.monotonic() > end:
                raise Problem(
                    f"the runner of run {folder.path.name} did not respond within {PATIENCE:g} s"
                )
            time.sleep(_EVERY)
        elif _is_settled(folder, requests, upto):
            os.close(lock)
            return
        elif launched:
            os.close(lock)
            raise Problem(_last_output(folder))
        else:
            launch(folder, lock)
            launched, end = True, time.monotonic() + PATIENCE_TO_BEGIN


def _is_settled(folder: RunFolder, requests: Sequence[Request], upto: int) -> bool:
    """Return whether the requests were handled before the end, or only cancel a finished run."""
    state = state_of(folder)
    only_cancels = all(request.ask == "cancel" for request in requests)
    return state.heard >= upto or (only_cancels and state.outcome is not None)


def _take(folder: RunFolder) -> int | None:
    try:
        return folder.lock()
    except Problem:
        return None
    except OSError as error:
        raise Problem(f"can't lock run {folder.path.name} ({error.strerror})") from error


def _last_output(folder: RunFolder) -> str:
    try:
        lines = folder.read(folder.runner_log)[-4096:].splitlines()
    except OSError:
        lines = []
    output = one_line(lines[-1]) if lines else "no output"
    return f"the runner exited immediately ({output}); its log is {folder.runner_log}"


class RequestReader:
    """Reads requests from byte `upto` of the file, which advances past every complete line."""

    def __init__(self, folder: RunFolder, upto: int) -> None:
        self.upto = upto
        self._folder = folder
        self._decoder = msgspec.json.Decoder(Request)

    def read(self) -> list[Request]:
        """Return new requests; lines that can't be parsed are skipped."""
        with self._folder.open(self._folder.control_file) as control:
            control.seek(self.upto)
            data = control.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.upto += len(whole)
        requests: list[Request] = []
        for line in whole.splitlines():
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                requests.append(self._decoder.decode(line))
        return requests


def launch(folder: RunFolder, lock: int) -> None:
    """Start a runner on a run folder; it inherits the held `lock`, which is closed here.

    The lock is passed on without a gap, so that the run never looks interrupted. Raises Problem if
    no process can be started.
    """
    try:
        with folder.open_to_write(folder.runner_log) as log:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "openhqm_tui.run.runner", str(folder.path), str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
    except OSError as error:
        raise Problem(f"the run can't be started ({error.strerror})") from error
    finally:
        os.close(lock)
