"""`openhqm-tui runs prune`: remove old runs from the disk, and say which."""

from __future__ import annotations

import argparse
import sys

import msgspec

from openhqm_tui.cli.runs import on_disk
from openhqm_tui.cli.settings import settings_here
from openhqm_tui.domain.plain_text import plain
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.run.pruning import prune_runs
from openhqm_tui.store.places import ready_state_folder
from openhqm_tui.store.retention import MB, Limits, limits_of


def run(parsed: argparse.Namespace) -> int:
    """Return 0, or 1 where something that should go couldn't."""
    pruned = prune_runs(ready_state_folder(), _limits(parsed), only_say=parsed.dry_run)
    for kept in pruned.gone:
        _say(f"{kept.name}  {on_disk(kept.size)}")
    for name, reason in pruned.unread:
        sys.stderr.write(f"openhqm-tui: {name} is left alone: {plain(reason)}\n")
    for name, reason in pruned.stayed:
        sys.stderr.write(f"openhqm-tui: {name} can't be removed: {reason}\n")
    runs = f"{len(pruned.gone)} run{'' if len(pruned.gone) == 1 else 's'}"
    if not pruned.gone:
        _say("nothing to remove")
    elif parsed.dry_run:
        _say(f"{runs} would be removed, and {on_disk(pruned.freed)} freed")
    else:
        _say(f"{runs} removed, {on_disk(pruned.freed)} freed")
    return 1 if pruned.stayed else 0


def _limits(parsed: argparse.Namespace) -> Limits:
    if parsed.all and (parsed.keep or parsed.max_size):
        raise UsageProblem("--all and --keep or --max-size contradict each other", fix="give one")
    if parsed.all:
        return Limits(runs=0)
    limits = limits_of(settings_here())
    if parsed.keep:
        limits = msgspec.structs.replace(limits, runs=parsed.keep)
    if parsed.max_size:
        limits = msgspec.structs.replace(limits, size=parsed.max_size * MB)
    return limits


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
