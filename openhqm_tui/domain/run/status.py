"""The status of a run, target, lane or step, and how all front ends show it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from openhqm_tui.domain.checks.verdict import Answer

# The status of a run whose runner died before its end.
INTERRUPTED = "interrupted"


class Status(StrEnum):
    """The status of a run, target, lane or step."""

    WAITING = "waiting"
    RUNNING = "running"
    CHECKING = "checking"
    DONE = "done"
    CACHED = "cached"
    PASSED = "passed"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in {Status.WAITING, Status.RUNNING, Status.CHECKING}


class ColorRole(StrEnum):
    """The meaning of a color; each front end has its own colors."""

    MUTED = "muted"
    ACTIVE = "active"
    CHECKING = "checking"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class StatusText(NamedTuple):
    """The symbol, word and color role of a status; color is never the only information."""

    symbol: str
    word: str
    role: ColorRole

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}"


# For targets and images; a run has that of its worst image.
STATUS_TEXTS: dict[Status, StatusText] = {
    Status.WAITING: StatusText("·", "waiting", ColorRole.MUTED),
    Status.RUNNING: StatusText("▸", "building", ColorRole.ACTIVE),
    Status.CHECKING: StatusText("◆", "checking", ColorRole.CHECKING),
    Status.DONE: StatusText("●", "built", ColorRole.SUCCESS),
    Status.CACHED: StatusText("○", "cached", ColorRole.MUTED),
    Status.PASSED: StatusText("✓", "verified", ColorRole.SUCCESS),
    Status.UNKNOWN: StatusText("?", "not verified", ColorRole.WARNING),
    Status.FAILED: StatusText("✗", "failed", ColorRole.ERROR),
    Status.CANCELLED: StatusText("⊘", "cancelled", ColorRole.MUTED),
}
CHECK_FAILED = StatusText("✗", "check failed", ColorRole.ERROR)
# A platform that BuildKit stopped because a sibling failed; a step that another build finished.
STOPPED = StatusText("−", "stopped", ColorRole.MUTED)
# A run, or a part of it, whose runner died.
CUT_OFF = StatusText("!", INTERRUPTED, ColorRole.WARNING)
NOT_STARTED = StatusText("·", "not started", ColorRole.MUTED)
# What an image waits for, or who does its work, while its status is waiting, building or checking.
QUEUED = StatusText("·", "queued", ColorRole.MUTED)
SHARED = StatusText("↔", "shared", ColorRole.MUTED)
STOPPING = StatusText("⊘", "stopping", ColorRole.WARNING)
# A build without output for longer than expected.
SILENT = StatusText("◌", "silent", ColorRole.WARNING)
IN_PROGRESS = StatusText("▸", "running", ColorRole.ACTIVE)

STEP_TEXTS: dict[Status, StatusText] = {
    Status.WAITING: STATUS_TEXTS[Status.WAITING],
    Status.RUNNING: StatusText("▸", "running", ColorRole.ACTIVE),
    Status.DONE: StatusText("●", "done", ColorRole.SUCCESS),
    Status.CACHED: STATUS_TEXTS[Status.CACHED],
    Status.FAILED: STATUS_TEXTS[Status.FAILED],
    Status.CANCELLED: STOPPED,
}
VERDICT_TEXTS: dict[Answer, StatusText] = {
    Answer.PASS: StatusText("✓", "pass", ColorRole.SUCCESS),
    Answer.FAIL: StatusText("✗", "fail", ColorRole.ERROR),
    Answer.WARN: StatusText("!", "warn", ColorRole.WARNING),
    Answer.UNKNOWN: StatusText("?", "unknown", ColorRole.WARNING),
    Answer.WAIVED: StatusText("~", "waived", ColorRole.WARNING),
}
# For whole runs, by the names of their states in lists and reports.
RUN_TEXTS: dict[str, StatusText] = {
    "running": IN_PROGRESS,
    "passed": StatusText("✓", "passed", ColorRole.SUCCESS),
    "failed": STATUS_TEXTS[Status.FAILED],
    "cancelled": STATUS_TEXTS[Status.CANCELLED],
    INTERRUPTED: CUT_OFF,
    "unreadable": StatusText("?", "unreadable", ColorRole.WARNING),
}
