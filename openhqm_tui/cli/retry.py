"""`openhqm-tui retry [RUN] [TARGET…]` and `resume [RUN]`: a run is taken up once more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from openhqm_tui.cli.following import read_so_far, show_and_cancel, show_and_leave
from openhqm_tui.cli.which_run import latest_of, run_and_targets, run_named, word_of
from openhqm_tui.domain.lane_words import WORDS
from openhqm_tui.domain.permissions import parse_permission
from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.retrying import can_resume, can_retry, to_retry
from openhqm_tui.domain.state import RunState
from openhqm_tui.engine.permissions import resolve_grants
from openhqm_tui.run.again import ask
from openhqm_tui.run.follow import Follower
from openhqm_tui.run.standing import state_now
from openhqm_tui.store.places import state_folder
from openhqm_tui.store.run_folder import Request, RunFolder, all_runs, find_run


def run(parsed: argparse.Namespace) -> int:
    """Have it done, follow it unless that isn't wanted, and return what `build` would."""
    if parsed.command == "resume":
        folder = run_named(parsed.run_name)
        state = state_now(folder)
        requests, what = _resume(folder.path.name, state)
    else:
        folder, state, requests, what = _retry(parsed)
    name = folder.path.name
    allow = _allowed(parsed.allow or [])
    requests = [msgspec.structs.replace(request, allow=allow) for request in requests]
    if parsed.detach:
        ask(folder, *requests)
        sys.stdout.write(f"{what}; follow it with `openhqm-tui attach {name}`\n")
        return 0
    follower = Follower(folder)
    read_so_far(follower)
    ask(folder, *requests)
    sys.stderr.write(f"openhqm-tui: {what} in run {name}\n")
    # What others began isn't ours to stop; what was taken up here is, as with `build`.
    watch = show_and_leave if state.goes_on else show_and_cancel
    return watch(follower, parsed.format, verbose=parsed.verbose)


def _allowed(words: list[str]) -> tuple[str, ...]:
    """Return what is allowed with the paths as they are seen from here."""
    granted = [one for text in words for one in parse_permission(text)]
    return tuple(sorted(map(str, resolve_grants(granted, str(Path.cwd())))))


def _retry(parsed: argparse.Namespace) -> tuple[RunFolder, RunState, list[Request], str]:
    folder, named = run_and_targets(parsed, latest_of(all_runs(state_folder())))
    folder = folder or find_run(state_folder())
    name = folder.path.name
    state = state_now(folder)
    for target in named:
        if not can_retry(state.targets[target]):
            word = WORDS[state.targets[target].status]
            raise Problem(f"{target} of run {name} is {word}: there is nothing to retry")
    if targets := named or to_retry(state):
        what = f"retrying {', '.join(targets)}"
        return folder, state, [Request("retry", target) for target in targets], what
    so_far = "goes on, and nothing of it has failed" if state.goes_on else "passed"
    raise Problem(f"run {name} {so_far}: there is nothing to retry")


def _resume(name: str, state: RunState) -> tuple[list[Request], str]:
    if state.goes_on:
        raise Problem(
            f"run {name} goes on: there is nothing to resume",
            fix=f"`openhqm-tui attach {name}` follows it",
        )
    if not can_resume(state):
        again = f"`openhqm-tui retry {name}` builds once more what failed"
        raise Problem(
            f"run {name} is over ({word_of(state)}): there is nothing to resume",
            fix=again if to_retry(state) else "",
        )
    return [Request("resume")], "going on with what was cut off"
