"""Messages from threads to the app, and from the app to a screen."""

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

# The title for settings that a project may not set.
IGNORED = "Ignored in openhqm-tui.toml"


class SourceFound(Message):
    """What can be built here, or why nothing can."""

    def __init__(self, source: Source | None, problem: str) -> None:
        super().__init__()
        self.source = source
        self.problem = problem


class FactsRead(Message):
    """The state of the engine."""

    def __init__(self, facts: EngineFacts) -> None:
        super().__init__()
        self.facts = facts


class PastRead(Message):
    """The earlier runs, latest first."""

    def __init__(self, past: PastRuns) -> None:
        super().__init__()
        self.past = past


class Examined(Message):
    """The findings, and the facts read after them."""

    def __init__(self, findings: list[Finding], facts: EngineFacts) -> None:
        super().__init__()
        self.findings = findings
        self.facts = facts


class RunMoved(Message):
    """Changes of the open run."""

    def __init__(self, changes: Changes) -> None:
        super().__init__()
        self.changes = changes


class RequestSent(Message):
    """Requests were sent to a runner, or `problem` says why not."""

    def __init__(self, run: RunFolder, problem: str = "") -> None:
        super().__init__()
        self.run = run
        self.problem = problem
