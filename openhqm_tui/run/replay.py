"""A run's state as its events alone tell it: its streams stay on disk."""

from __future__ import annotations

from openhqm_tui.domain.state import RunState
from openhqm_tui.store.run_folder import RunFolder


def state_of(folder: RunFolder) -> RunState:
    """Fold what stands in `events.jsonl`; raises Problem where `run.json` can't be read."""
    state = RunState(folder.info)
    for event in folder.events():
        state.apply_event(event)
    return state
