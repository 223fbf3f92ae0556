"""What the threads tell the app, and the app the place in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from openhqm_tui.domain.findings import Finding
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.tui.history.past_runs import PastRuns

# The title of what the project's settings have and may not set.
IGNORED = "Ignored in openhqm-tui.toml"


class SourceFound(Message):
    """What can be built here, or why nothing can."""

    def __init__(self, source: Source | None, problem: str) -> None:
        super().__init__()
        self.source = source
        self.problem = problem


class FactsRead(Message):
    """How the engine stands."""

    def __init__(self, facts: EngineFacts) -> None:
        super().__init__()
        self.facts = facts


class PastRead(Message):
    """The earlier runs, latest first."""

    def __init__(self, past: PastRuns) -> None:
        super().__init__()
        self.past = past


class Examined(Message):
    """What the doctor found, and the facts since."""

    def __init__(self, findings: list[Finding], facts: EngineFacts) -> None:
        super().__init__()
        self.findings = findings
        self.facts = facts


class RunMoved(Message):
    """What a look at the run folder brought."""

    def __init__(self, changes: Changes) -> None:
        super().__init__()
        self.changes = changes


class RequestSent(Message):
    """A runner has what was asked of it, or nobody can give it; `problem` says why not."""

    def __init__(self, run: RunFolder, problem: str = "") -> None:
        super().__init__()
        self.run = run
        self.problem = problem
