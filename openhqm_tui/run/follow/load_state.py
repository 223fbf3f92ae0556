"""The state of runs from their events alone, without reading their streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run.events import RunInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.store.run_folder import RunFolder, all_runs


def state_of(folder: RunFolder) -> RunState:
    """Fold the events in `events.jsonl`; raises Problem if `run.json` can't be read."""
    state = RunState(folder.info)
    for event in folder.events():
        state.apply_event(event)
    return state


def state_now(folder: RunFolder) -> RunState:
    """Return a run's state from its events, including whether it was interrupted.

    Raises Problem if `run.json` can't be read.
    """
    # Tested before reading, so that everything a runner wrote before its end is read.
    live = folder.is_live()
    state = state_of(folder)
    if not live:
        state.end_interrupted()
    return state


def live_runs(state: Path) -> Iterator[RunFolder]:
    """Yield the readable runs in progress, latest first."""
    for run in all_runs(state):
        try:
            if run.is_live() and run.info:
                yield run
        except Problem:
            continue


def tags_shared(state: Path, info: RunInfo) -> list[tuple[RunFolder, list[str]]]:
    """Return the runs in progress that set some of the tags of `info`, with these tags."""
    wanted = {tag for target in info.targets for tag in target.tags}
    found = []
    for run in live_runs(state):
        tags = [tag for target in run.info.targets for tag in target.tags if tag in wanted]
        if tags:
            found.append((run, tags))
    return found


def shared_tag_warnings(state: Path, info: RunInfo) -> list[str]:
    """Return a warning for each run in progress that sets some of the tags of `info`."""
    warnings = []
    for other, tags in tags_shared(state, info):
        more = f" and {len(tags) - 1} more" if len(tags) > 1 else ""
        warnings.append(
            f"run {other.path.name} is in progress and builds {tags[0]}{more} too: both runs are "
            "kept apart, and the tag will name the image of the run that finishes last"
        )
    return warnings
