"""Removal of old runs and of the processes they left running."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from openhqm_tui.domain.errors import Problem
from openhqm_tui.run.follow.load_state import state_of
from openhqm_tui.run.runner.orphans import end_orphans
from openhqm_tui.store.retention import YOUNG, Limits, Pruned, prune
from openhqm_tui.store.run_folder import RunFolder


def prune_runs(
    state: Path, limits: Limits, *, spare: float = 0.0, only_say: bool = False
) -> Pruned:
    """Remove runs beyond `limits`, and stop the processes that interrupted ones left."""
    return prune(state, limits, spare=spare, only_say=only_say, let_go=_stop_orphans)


def make_room(state: Path, limits: Limits) -> None:
    """Remove runs beyond `limits`, except young ones; never fails."""
    with contextlib.suppress(OSError, Problem):
        prune_runs(state, limits, spare=YOUNG)


def _stop_orphans(folder: RunFolder) -> None:
    if folder.is_imported:
        return  # an imported run never ran here, whatever its files claim
    # A finished run left nothing running, and searching takes time.
    if state_of(folder).outcome is None:
        asyncio.run(end_orphans(folder))
