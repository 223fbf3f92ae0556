"""Times and sizes of the same image over runs, as figures and as sparklines."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec

from openhqm_tui.domain.history.record import LaneRecord, RunRecord, hit_rate
from openhqm_tui.domain.run.status import Status

# The maximum number of runs in a series.
MOST_POINTS = 200
# The statuses of lanes with an image.
BUILT = {Status.DONE.value, Status.PASSED.value, Status.UNKNOWN.value}
_LEVELS = "▁▂▃▄▅▆▇█"


class Point(msgspec.Struct, frozen=True, gc=False):
    """One image of a run: `at` when it was created, `seconds` until it was verified, size in bytes.

    `hit` is the fraction of cached steps, None if it had none.
    """

    run: str
    at: float
    seconds: float
    size: int
    hit: float | None


class Series(msgspec.Struct, frozen=True):
    """The images of one variant on one platform, earliest first."""

    variant: str
    platform: str
    points: tuple[Point, ...]

    @property
    def seconds(self) -> list[float]:
        """The times."""
        return [point.seconds for point in self.points]

    @property
    def sizes(self) -> list[float]:
        """The known sizes."""
        return [float(point.size) for point in self.points if point.size]

    @property
    def usual(self) -> float:
        """The median time."""
        return statistics.median(self.seconds)

    @property
    def hit(self) -> float | None:
        """The fraction of cached steps."""
        return average(point.hit for point in self.points)


def trends(runs: Iterable[RunRecord], of: RunRecord) -> list[Series]:
    """Return a series for each image built from the same source as a run's.

    `runs` are latest first. The images of the run itself come first, in order.
    """
    found: dict[tuple[str, str], list[Point]] = {
        (target.variant, lane.platform): [] for target in of.targets for lane in target.lanes
    }
    for run in runs:
        if run.imported != of.imported or _source(run) != _source(of):
            continue
        for target in run.targets:
            for lane in target.lanes:
                if lane.status in BUILT:
                    points = found.setdefault((target.variant, lane.platform), [])
                    if len(points) < MOST_POINTS:
                        points.append(_point(run, lane))
    return [Series(*key, tuple(reversed(points))) for key, points in found.items() if points]


def run_hit_rate(run: RunRecord) -> float | None:
    """Return the fraction of a run's cached steps; None if it had none."""
    lanes = [lane for target in run.targets for lane in target.lanes]
    return hit_rate(sum(lane.cached for lane in lanes), sum(lane.steps for lane in lanes))


def average(values: Iterable[float | None]) -> float | None:
    """Return the mean of the known values; None if there are none."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last values as a sparkline from the smallest to the largest."""
    shown = list(values[-width:]) if width > 0 else []
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if high <= low:
        return _LEVELS[3] * len(shown)
    top = len(_LEVELS) - 1
    # Multiply first: 7 divided by the smallest float would be infinite.
    return "".join(_LEVELS[round((value - low) * top / (high - low))] for value in shown)


def columns(values: Sequence[float], width: int, height: int) -> list[str]:
    """Return the last values as a column chart from 0 to the largest, in `height` lines."""
    shown = list(values[-width:]) if width > 0 else []
    high = max(shown, default=0.0)
    if high <= 0 or height <= 0:
        return [""] * max(0, height)
    # A measured value is at least an eighth high, so that it is visible.
    eighths = [max(1, round(8 * height * max(0.0, value) / high)) for value in shown]
    return [
        "".join(_LEVELS[min(8, many - 8 * row) - 1] if many > 8 * row else " " for many in eighths)
        for row in range(height - 1, -1, -1)
    ]


def _source(run: RunRecord) -> tuple[str, str, str]:
    return run.source, run.context, run.dockerfile


def _point(run: RunRecord, lane: LaneRecord) -> Point:
    return Point(run.id, run.created, lane.seconds, lane.size, hit_rate(lane.cached, lane.steps))
