"""Counts of steps that came from a cache."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from openhqm_tui.domain.buildkit.rawjson import SolveStatus, Vertex
from openhqm_tui.domain.run.events import RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.timeline import CacheHits, hits_of
from tests.recordings import recording, state_of

STARTED = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
ENDED = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)


def vertex(name: str, *, cached: bool = False, ended: bool = True, error: str = "") -> Vertex:
    return Vertex(
        digest=f"sha256:{name}",
        name=name,
        cached=cached,
        started=STARTED,
        completed=ENDED if ended else None,
        error=error,
    )


def state(*vertexes: Vertex) -> RunState:
    platforms = ("linux/amd64", "linux/arm64")
    targets = (TargetInfo(name="web", variant="web", platforms=platforms),)
    run = RunState(RunInfo(id="x", created=0, host="linux/amd64", targets=targets))
    run.apply_records("web", [SolveStatus(vertexes=list(vertexes))])
    return run


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("[linux/amd64 core 2/3] RUN x", True),
        ("[linux/amd64 2/3] COPY a b", True),
        ("[linux/amd64 2/3] LINK COPY --link a b", True),
        ("[linux/amd64 2/3] WORKDIR /app", True),
        ("[linux/amd64 core 1/3] FROM docker.io/library/python", False),
        ("[linux/amd64 core 1/3] from scratch", False),
        ("[internal] load build context", False),
        ("[internal] preparing inline document", False),
        ("[context python:3.13-slim] openhqm-base:3.13", False),
        ("[auth] library/python:pull token", False),
        ("exporting to image", False),
        ("exporting cache to client directory", False),
        ("importing cache manifest from local", False),
        ("resolve image config for docker-image://x", False),
    ],
)
def test_only_steps_that_can_be_cached_count(name: str, counts: bool) -> None:
    assert hits_of(state(vertex(name, cached=True))) == CacheHits(int(counts), int(counts))


def test_a_step_counts_once_it_has_succeeded() -> None:
    run = state(
        vertex("[linux/amd64 1/5] RUN a", cached=True),
        vertex("[linux/amd64 2/5] RUN b"),
        vertex("[linux/amd64 3/5] RUN c", error="exit code: 1"),
        vertex("[linux/amd64 4/5] RUN d", error="context canceled"),
        vertex("[linux/amd64 5/5] RUN e", ended=False),
        vertex("[linux/arm64 1/5] RUN a", cached=True),
    )
    target = run.targets["web"]
    amd, arm = target.lanes.values()
    assert hits_of(amd) == CacheHits(1, 3)
    assert hits_of(arm) == CacheHits(1, 1)
    assert hits_of(target) == hits_of(run) == CacheHits(2, 4)


@pytest.mark.parametrize(
    ("cached", "steps", "text"),
    [
        (41, 52, "41 of 52 steps cached (79 %)"),
        (0, 3, "0 of 3 steps cached (0 %)"),
        (3, 3, "3 of 3 steps cached (100 %)"),
        (1, 1, "1 of 1 step cached (100 %)"),
        (999, 1000, "999 of 1000 steps cached (99 %)"),
        (1, 1000, "1 of 1000 steps cached (1 %)"),
        (0, 0, ""),
    ],
)
def test_hits_are_shown_with_a_floored_percentage(cached: int, steps: int, text: str) -> None:
    assert CacheHits(cached, steps).words == text


def test_a_recorded_warm_build_is_fully_cached_and_a_cold_one_is_not() -> None:
    warm, cold = (hits_of(state_of(recording(name))) for name in ("warm", "cold"))
    assert warm.cached == warm.steps > 50
    assert cold.cached < cold.steps / 2
