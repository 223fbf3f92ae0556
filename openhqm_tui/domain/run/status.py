"""Where a run, a target, a lane or a step stands."""

from __future__ import annotations

from enum import StrEnum

# What a run is called whose runner was gone before its end.
INTERRUPTED = "interrupted"


class Status(StrEnum):
    """Where a run, a target, a lane or a step stands."""

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
        """Tell whether nothing more will happen by itself."""
        return self not in {Status.WAITING, Status.RUNNING, Status.CHECKING}
