"""The runs that go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.domain.journal import RunInfo
from openhqm_tui.domain.problems import Problem
from openhqm_tui.store.run_folder import RunFolder, all_runs


def live_runs(state: Path) -> Iterator[RunFolder]:
    """Yield the readable runs that go on, latest first."""
    for run in all_runs(state):
        try:
            if run.is_live() and run.info:
                yield run
        except Problem:
            continue


def tags_shared(state: Path, info: RunInfo) -> list[tuple[RunFolder, list[str]]]:
    """Return the runs that go on and give the same tags as `info` will, with these tags."""
    wanted = {tag for target in info.targets for tag in target.tags}
    found = []
    for run in live_runs(state):
        tags = [tag for target in run.info.targets for tag in target.tags if tag in wanted]
        if tags:
            found.append((run, tags))
    return found
