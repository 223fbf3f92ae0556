"""The summary of a step of GitHub Actions, added when a run that was begun there is over."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.report.gather import report_of
from openhqm_tui.report.github import append_summary
from openhqm_tui.run.follow import Follower


def add_step_summary(follower: Follower) -> None:
    """Add a run that is over to the step's summary, where there is one.

    One that can't be written is said, and doesn't make a run fail that passed.
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not file:
        return
    report = report_of(follower.folder, follower.state, follower.now)
    try:
        append_summary(Path(file), report)
    except UsageProblem as problem:
        sys.stderr.write(f"openhqm-tui: {problem}\n")
