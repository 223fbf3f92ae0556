"""`openhqm-tui attach`, `cancel`, `retry` and `resume`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from openhqm_tui.cli.output.follow import read_so_far, show_and_cancel, show_and_leave
from openhqm_tui.cli.run_lookup import latest_of, run_and_targets, run_named, word_of
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.permissions import parse_permission
from openhqm_tui.domain.run.retry import can_resume, can_retry, to_retry
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status_text import status_text
from openhqm_tui.engine.source.permissions import resolve_grants
from openhqm_tui.run.ask import send_request
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.run.follow.load_state import state_now
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import Request, RunFolder, all_runs, find_run


def run_retry(parsed: argparse.Namespace) -> int:
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
        send_request(folder, *requests)
        sys.stdout.write(f"{what}; follow it with `openhqm-tui attach {name}`\n")
        return 0
    follower = Follower(folder)
    read_so_far(follower)
    send_request(folder, *requests)
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
            word = status_text(state.targets[target]).word
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
        again = f"`openhqm-tui retry {name}` rebuilds the failed targets"
        raise Problem(
            f"run {name} is over ({word_of(state)}): there is nothing to resume",
            fix=again if to_retry(state) else "",
        )
    return [Request("resume")], "going on with what was cut off"


def run_attach(parsed: argparse.Namespace) -> int:
    """Show the run and return what `build` would have; 130 where the watching was stopped."""
    folder = run_named(parsed.run_name)
    return show_and_leave(Follower(folder), parsed.format, verbose=parsed.verbose)


def run_cancel(parsed: argparse.Namespace) -> int:
    """Return 0 when the runner has heard; raises Problem where nothing can be stopped."""
    live = latest_of(run for run in all_runs(state_folder()) if run.is_live())
    if live.skipped and parsed.run_name is None:
        # It may be the one that was meant: nothing else is stopped in its place.
        raise UsageProblem(live.skipped[0].what, fix="name the run to cancel")
    folder, named = run_and_targets(parsed, live)
    if folder is None:
        raise Problem("no run goes on: there is nothing to cancel", fix="see `openhqm-tui runs`")
    name = folder.path.name
    state = state_now(folder)
    if state.interrupted:
        send_request(folder, Request("cancel"))
        sys.stdout.write(f"run {name} was interrupted: what it left running is ended\n")
        return 0
    if not state.goes_on:
        raise Problem(f"run {name} is over ({word_of(state)}): there is nothing to cancel")
    targets = [target for target in named if not state.targets[target].status.is_over]
    if named and not targets:
        over = ", ".join(
            f"{target} is {status_text(state.targets[target]).word}" for target in named
        )
        raise Problem(f"{over}: there is nothing to cancel", fix=f"run {name} goes on")
    send_request(folder, *(Request("cancel", target) for target in targets or [""]))
    what = ", ".join(targets) or "the run"
    sys.stdout.write(f"cancelling {what}; follow it with `openhqm-tui attach {name}`\n")
    return 0
