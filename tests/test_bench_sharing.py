"""The bench's count of executions of shared steps."""

from __future__ import annotations

import json

import pytest

from tests.bench.sharing import Sharing, sharing_of

CORE = "[linux/amd64 core 1/1] RUN install"


def step(name: str, started: int, ended: int, *, cached: bool = False) -> bytes:
    """Return a stream's update of a step, with times in milliseconds of a minute."""
    vertex = {
        "digest": f"sha256:{name}",
        "name": name,
        "started": f"2026-01-01T00:00:00.{started:03d}Z",
        "completed": f"2026-01-01T00:00:00.{ended:03d}Z",
        "cached": cached,
    }
    return json.dumps({"vertexes": [vertex]}).encode() + b"\n"


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        pytest.param([step(CORE, 0, 500), step(CORE, 2, 501)], Sharing(1, 1), id="waited for"),
        pytest.param([step(CORE, 0, 500), step(CORE, 501, 900)], Sharing(1, 2), id="ran twice"),
        pytest.param(
            [step(CORE, 0, 500), step(CORE, 501, 502, cached=True)], Sharing(1, 1), id="cached"
        ),
        pytest.param([step(CORE, 0, 500), step(CORE, 501, 501)], Sharing(1, 1), id="no time"),
        pytest.param([step(CORE, 0, 500), step("other", 0, 9)], Sharing(0, 0), id="nothing shared"),
        pytest.param(
            [step("exporting to image", 0, 500), step("exporting to image", 501, 900)],
            Sharing(0, 0),
            id="not shared",
        ),
        pytest.param(
            [step(CORE, 0, 100) + step(CORE, 0, 500), step(CORE, 200, 500)],
            Sharing(1, 1),
            id="updated times",
        ),
    ],
)
def test_overlapping_executions_of_shared_steps_count_once(
    streams: list[bytes], expected: Sharing
) -> None:
    assert sharing_of(streams) == expected
