"""One step: when it ran, its progress, how it ended.

Times come from the journal, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.domain.buildkit.rawjson import Vertex
from openhqm_tui.domain.buildkit.vertex import ExecutionMode, StepKind, how_it_ran, parse_step_name
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.status import Status


class StepState:
    """One step of a target: when it ran, its progress, how it ended.

    `lane` is its platform if its name doesn't include it; `native_of` returns what the node of a
    lane runs natively.
    """

    def __init__(
        self,
        number: int,
        vertex: Vertex,
        native_of: Callable[[Platform | None], Platform | None],
        lane: Platform | None,
    ) -> None:
        self.number = number
        self.digest = vertex.digest
        self.inputs: tuple[str, ...] = tuple(vertex.inputs or ())
        self.name = parse_step_name(vertex.name)
        lane = self.name.made_for or lane
        self.lane: Platform | None = lane if self.name.kind is StepKind.BUILD else None
        self.how: ExecutionMode | None = (
            how_it_ran(self.name, native_of(lane), lane) if self.name.of else None
        )
        self.intervals: dict[float, float | None] = {}
        self.cached = False
        self.error = ""
        self.parts: dict[str, tuple[int, int]] = {}
        self.told_end = False

    @property
    def status(self) -> Status:
        """The status of this step."""
        if self.error:
            return Status.CANCELLED if is_cancel(self.error) else Status.FAILED
        if self.cached:
            return Status.CACHED
        if not self.intervals:
            return Status.WAITING
        running = any(end is None for end in self.intervals.values())
        return Status.RUNNING if running else Status.DONE

    @property
    def started(self) -> float | None:
        """When it first started."""
        return min(self.intervals, default=None)

    @property
    def ended(self) -> float | None:
        """When it last ended; None while it runs."""
        ends = list(self.intervals.values())
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def busy(self, now: float) -> float:
        """Return the seconds it ran until `now`; overlapping intervals count once."""
        total, reached = 0.0, float("-inf")
        for start in sorted(self.intervals):
            end = self.intervals[start]
            last = now if end is None else end
            # If the clock was set back, a step may end before its start.
            if last > max(start, reached):
                total += last - max(start, reached)
                reached = last
        return total

    def moved(self) -> tuple[int, int]:
        """Return the transferred and total bytes, if known."""
        current = sum(part[0] for part in self.parts.values())
        return current, sum(max(part) for part in self.parts.values())


def is_cancel(error: str) -> bool:
    """Return whether a step's error only says that it was cancelled."""
    return error.rstrip().endswith(("context canceled", "Canceled"))
