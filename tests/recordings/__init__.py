"""Real runs, as the runner wrote them: every folder here is a run folder.

`python -m tests.record` makes them anew on a real engine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.store.run_folder import RunFolder

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/run.json"))


def recording(name: str) -> RunFolder:
    """Return a recorded run, only to be read."""
    return RunFolder(HERE / name)


def stream(name: str, target: str) -> bytes:
    """Return what Buildx wrote for a target, as it came."""
    return (HERE / name / f"{target}.rawjson").read_bytes()


def copied(name: str, place: Path) -> RunFolder:
    """Copy a recorded run to where it may be changed."""
    shutil.copytree(HERE / name, place)
    return RunFolder(place)


def state_of(folder: RunFolder) -> RunState:
    """Fold a whole run folder, by the way that every face takes."""
    return read_run(folder)
