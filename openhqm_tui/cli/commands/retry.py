"""`openhqm-tui retry [RUN] [TARGET…]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, add_format, add_run
from openhqm_tui.domain.errors import Problem

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.store.run_folder import Request, RunFolder

HELP = "rebuild failed targets"


def add_arguments(parser: Parser) -> None:
    """Add the run, its targets, and how the run is followed."""
    parser.description = (
        "Rebuild a run's failed, cancelled or unverified targets as part of the same run, and "
        "follow its progress. If only the push of a target failed, only the push is repeated."
    )
    add_run(parser)
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="default: all targets that failed, were cancelled or aren't verified",
    )
    parser.rest_in = "targets"
    add_following(parser)


def add_following(parser: Parser) -> None:
    """Add the arguments of a command that continues a run and follows it."""
    parser.add_argument(
        "--allow",
        action="append",
        metavar="PERMISSION",
        help="grant the run additional permissions, as `build --allow` does",
    )
    parser.add_argument(
        "--no-companions",
        action="store_true",
        help="don't start the companion containers (`service.with`) that service checks need, for "
        "the rest of this run",
    )
    parser.add_argument(
        "--detach", action="store_true", help="return once the runner acknowledges the request"
    )
    add_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """Rebuild the targets; return the exit code of `build`, or 0 with --detach."""
    from openhqm_tui.cli.run_lookup import latest_of, run_and_targets, word_of
    from openhqm_tui.domain.run.decisions import can_retry, status_text, to_retry
    from openhqm_tui.run.follow.follower import state_now
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.run_folder import Request, all_runs, find_run

    folder, named = run_and_targets(parsed, latest_of(all_runs(state_folder())))
    folder = folder or find_run(state_folder())
    name = folder.path.name
    state = state_now(folder)
    for target in named:
        if not can_retry(state.targets[target]):
            word = status_text(state.targets[target]).word
            raise Problem(f"{target} of run {name} is {word}: nothing to retry")
    targets = named or to_retry(state)
    if not targets:
        so_far = (
            "is in progress, and nothing has failed so far"
            if state.in_progress
            else f"has finished ({word_of(state)})"
        )
        raise Problem(f"run {name} {so_far}: nothing to retry")
    requests = [Request("retry", target) for target in targets]
    return send_and_follow(parsed, folder, state, requests, f"retrying {', '.join(targets)}")


def send_and_follow(
    parsed: argparse.Namespace,
    folder: RunFolder,
    state: RunState,
    requests: Sequence[Request],
    what: str,
) -> int:
    """Send the requests, and follow the run unless --detach was given; return the exit code."""
    from pathlib import Path

    import msgspec

    from openhqm_tui.cli.output.follow import show_and_cancel, show_and_leave
    from openhqm_tui.domain.plan.permissions import parse_permission
    from openhqm_tui.engine.source.permissions import resolve_grants
    from openhqm_tui.run.follow.follower import Follower
    from openhqm_tui.run.requests import send_request

    granted = [one for text in parsed.allow or [] for one in parse_permission(text)]
    # The paths are relative to this folder, which needn't be the one the run started in.
    allow = tuple(sorted(map(str, resolve_grants(granted, str(Path.cwd())))))
    requests = [
        msgspec.structs.replace(request, allow=allow, companions=not parsed.no_companions)
        for request in requests
    ]
    name = folder.path.name
    if parsed.detach:
        send_request(folder, *requests)
        sys.stdout.write(f"{what}; follow the run with `openhqm-tui attach {name}`\n")
        return 0
    follower = Follower(folder)
    # Only what comes after the request is shown.
    follower.read_all()
    send_request(folder, *requests)
    sys.stderr.write(f"openhqm-tui: {what} in run {name}\n")
    # Ctrl-C cancels a run that was continued here, as with `build`, but not one already live.
    watch = show_and_leave if state.in_progress else show_and_cancel
    return watch(follower, parsed.format, verbose=parsed.verbose)
