"""`openhqm-tui build`: the runner, with a follower attached."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.cli.choices import options_from
from openhqm_tui.cli.output import choose_output
from openhqm_tui.domain.state import RunState, Status
from openhqm_tui.engine.facts import read_facts
from openhqm_tui.run.follow import Follower
from openhqm_tui.run.prepare import begin, prepare
from openhqm_tui.store.places import ready_state_folder
from openhqm_tui.store.run_folder import Request, RunFolder

_EVERY = 0.05


def run(parsed: argparse.Namespace) -> int:
    """Build what was chosen and return 0, 1 (something failed) or 130 (cancelled)."""
    options, source = options_from(parsed, Path.cwd())
    ready_state_folder()
    facts = read_facts(options.builder or None)
    prepared = prepare(options, facts, source)
    for warning in prepared.warnings:
        sys.stderr.write(f"openhqm-tui: {warning}\n")
    if prepared.info.base_reason:
        sys.stderr.write(f"base image: {prepared.info.base} ({prepared.info.base_reason})\n")
    folder = begin(prepared)
    if parsed.detach:
        sys.stdout.write(f"{folder.path.name}\n")
        return 0
    return follow_to_the_end(folder, parsed.format)


def follow_to_the_end(folder: RunFolder, form: str) -> int:
    """Show a run until it is over; Ctrl-C cancels it and still waits for its end."""
    follower = Follower(folder)
    output = choose_output(form, follower)
    with _cancelling(folder):
        while not follower.finished:
            changes = follower.poll()
            output.update(changes)
            if not changes.more and not follower.finished:
                time.sleep(_EVERY)
        output.end()
    if follower.state.interrupted:
        sys.stderr.write(
            f"openhqm-tui: the runner died; its last words may be in {folder.runner_log}\n"
        )
    return exit_code_of(follower.state)


def exit_code_of(state: RunState) -> int:
    """Return what a run's outcome is to a shell."""
    if state.interrupted:
        return 1
    return {Status.PASSED: 0, Status.CANCELLED: 130}.get(state.status, 1)


@contextlib.contextmanager
def _cancelling(folder: RunFolder) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into the request to cancel the run, once."""
    asked = False

    def cancel(_number: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            return
        # Before it is asked: a second signal may come while this one is being answered.
        asked = True
        try:
            folder.ask(Request("cancel"))
        except OSError as error:
            asked = False
            sys.stderr.write(f"\nopenhqm-tui: can't cancel, try again ({error.strerror})\n")
        else:
            sys.stderr.write("\nopenhqm-tui: cancelling, waiting for Buildx to stop…\n")

    before = {means: signal.signal(means, cancel) for means in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for means, handler in before.items():
            signal.signal(means, handler)
