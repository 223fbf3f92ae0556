"""Steps of one target written by hand: their inputs and when each ran."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from openhqm_tui.domain.buildkit.rawjson import SolveStatus, Vertex
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState, TargetState

T0 = 1e9
BOTH = ("linux/amd64", "linux/arm64")


class S(NamedTuple):
    """One step; its digest is the first word of its name. An end of None means it still runs."""

    name: str
    needs: str = ""
    times: tuple[tuple[float, float | None], ...] = ()
    cached: bool = False
    error: str = ""
    digest: str = ""


def target_of(
    *steps: S, end: float | None = None, platforms: tuple[str, ...] = BOTH
) -> TargetState:
    """Return a target that started at T0 and, if `end` is given, ended `end` seconds later."""
    info = TargetInfo(name="redis", variant="redis", platforms=platforms)
    run = RunState(RunInfo(id="run", created=T0, targets=(info,), host="linux/amd64"))
    run.apply_event(events.RunStarted(at=T0, pid=1))
    run.apply_event(events.TargetStarted(at=T0, target="redis", attempt=1, stream="redis.rawjson"))
    for step in steps:
        name = step.name if step.name.startswith(("export", "[")) else f"[{step.name}] RUN it"
        vertex = Vertex(
            digest=step.digest or step.name.split()[0],
            name=name,
            inputs=step.needs.split() or None,
            cached=step.cached,
            error=step.error,
        )
        for start, stop in step.times or ((None, None),):
            timed = Vertex(
                digest=vertex.digest,
                name=name,
                inputs=vertex.inputs,
                started=_moment(start),
                completed=_moment(stop),
                cached=step.cached,
                error=step.error,
            )
            run.apply_records("redis", [SolveStatus(vertexes=[timed])])
    if end is not None:
        outcome = Outcome.FAILED if any(s.error for s in steps) else Outcome.PASSED
        run.apply_event(events.TargetEnded(at=T0 + end, target="redis", attempt=1, outcome=outcome))
    return run.targets["redis"]


def _moment(seconds: float | None) -> datetime.datetime | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(T0 + seconds, datetime.UTC)
