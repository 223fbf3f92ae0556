"""The outputs of a headless run, and following it to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Protocol, TextIO

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import Changes, Follower
from openhqm_tui.store.run_folder import Request, RunFolder


class Output(Protocol):
    """Shows a run in progress and its summary."""

    def update(self, changes: Changes) -> None:
        """Show changes; called often, also without any."""

    def leave(self) -> None:
        """Clean up the terminal when watching stops while the run continues."""

    def end(self) -> None:
        """Show the summary."""


def choose_output(
    form: str, follower: Follower, *, ctrl_c: str = "cancels", verbose: bool = False
) -> Output:
    """Return the output for a `--format`; `auto` depends on terminal and environment.

    The output starts at the position of `follower`; `ctrl_c` is what Ctrl-C does;
    `verbose` lists every check result at the end.
    """
    form = format_of(form)
    if form == "json":
        from openhqm_tui.cli.output.jsonl import JsonOutput

        return JsonOutput(follower, sys.stdout)
    if form == "tty":
        from openhqm_tui.cli.output.tty import TtyOutput

        return TtyOutput(follower, ctrl_c, verbose=verbose)
    from openhqm_tui.cli.output.plain import GithubOutput, PlainOutput

    plain = GithubOutput if form == "github" else PlainOutput
    return plain(follower, sys.stdout, verbose=verbose)


def format_of(form: str) -> str:
    """Resolve a `--format`."""
    return automatic_format() if form == "auto" else form


def automatic_format(stream: TextIO | None = None) -> str:
    """Return the format for `auto`."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    stream = stream or sys.stdout
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return "plain"
    return "tty"


_EVERY = 0.05
_CANCELLED = 130


def follow_to_the_end(folder: RunFolder, form: str, *, verbose: bool = False) -> int:
    """Show a run until it has finished; Ctrl-C cancels it and still waits for its end."""
    return show_and_cancel(Follower(folder), form, verbose=verbose)


def show_and_cancel(follower: Follower, form: str, *, verbose: bool = False) -> int:
    """Like `follow_to_the_end`, from the follower's current position."""
    output = choose_output(form, follower, verbose=verbose)
    with _cancelling(follower.folder):
        show(follower, output)
    if format_of(form) == "github":
        from openhqm_tui.cli.output.github import add_step_summary

        add_step_summary(follower)
    return _say_how_it_ended(follower)


def show_and_leave(follower: Follower, form: str, *, verbose: bool = False) -> int:
    """Show a run from the follower's position until it has finished; Ctrl-C only stops watching."""
    output = choose_output(form, follower, ctrl_c="stops watching", verbose=verbose)
    name = follower.folder.path.name
    # SIGTERM must not leave the terminal without its cursor.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        show(follower, output)
    except KeyboardInterrupt:
        output.leave()
        stops = f"the run continues; `openhqm-tui cancel {name}` stops it"
        now = stops if _is_running(follower) else f"run {name} has finished"
        sys.stderr.write(f"\nopenhqm-tui: {now}\n")
        return _CANCELLED
    finally:
        signal.signal(signal.SIGTERM, before)
    return _say_how_it_ended(follower)


def exit_code_of(state: RunState) -> int:
    """Return the exit code for a run's outcome."""
    if state.interrupted:
        return 1
    return {Status.PASSED: 0, Status.CANCELLED: _CANCELLED}.get(state.status, 1)


def show(follower: Follower, output: Output) -> None:
    """Show a run until it has finished, and then its summary."""
    # Poll at least once: a run that was read to its end may have been resumed.
    while True:
        changes = follower.poll()
        output.update(changes)
        if follower.finished:
            break
        if not changes.more:
            time.sleep(_EVERY)
    output.end()


def _is_running(follower: Follower) -> bool:
    return follower.state.in_progress and follower.folder.is_live()


def _say_how_it_ended(follower: Follower) -> int:
    folder = follower.folder
    if follower.state.interrupted:
        name = folder.path.name
        # An imported run can't be continued, and has no log of its runner.
        more = (
            ""
            if folder.is_imported
            else f" (its last output may be in {folder.runner_log}); continue with "
            f"`openhqm-tui resume {name}`"
        )
        sys.stderr.write(f"openhqm-tui: run {name} was interrupted: the runner died{more}\n")
    return exit_code_of(follower.state)


@contextlib.contextmanager
def _cancelling(folder: RunFolder) -> Iterator[None]:
    """Translate SIGINT and SIGTERM into one request to cancel the run."""
    asked = False

    def cancel(_number: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            return
        # Set it first: a second signal may arrive while this one is handled.
        asked = True
        try:
            folder.append_request(Request("cancel"))
        except OSError as error:
            asked = False
            sys.stderr.write(f"\nopenhqm-tui: can't cancel the run ({error.strerror}); try again\n")
        else:
            sys.stderr.write("\nopenhqm-tui: cancelling, waiting for builds and checks to stop…\n")

    before = {means: signal.signal(means, cancel) for means in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for means, handler in before.items():
            signal.signal(means, handler)
