"""How the bench counts the executions of steps that targets share."""

from __future__ import annotations

import json

import pytest

from tests.bench.sharing import Sharing, sharing_of

CORE = "[linux/amd64 core 1/1] RUN install"


def step(name: str, began: int, ended: int, *, cached: bool = False) -> bytes:
    """Return what a stream says of a step, in milliseconds of one minute."""
    vertex = {
        "digest": f"sha256:{name}",
        "name": name,
        "started": f"2026-01-01T00:00:00.{began:03d}Z",
        "completed": f"2026-01-01T00:00:00.{ended:03d}Z",
        "cached": cached,
    }
    return json.dumps({"vertexes": [vertex]}).encode() + b"\n"


@pytest.mark.parametrize(
    ("streams", "told"),
    [
        pytest.param([step(CORE, 0, 500), step(CORE, 2, 501)], Sharing(1, 1), id="waited for"),
        pytest.param([step(CORE, 0, 500), step(CORE, 501, 900)], Sharing(1, 2), id="ran twice"),
        pytest.param(
            [step(CORE, 0, 500), step(CORE, 501, 502, cached=True)], Sharing(1, 1), id="cached"
        ),
        pytest.param([step(CORE, 0, 500), step(CORE, 501, 501)], Sharing(1, 1), id="found"),
        pytest.param([step(CORE, 0, 500), step("other", 0, 9)], Sharing(0, 0), id="nothing shared"),
        pytest.param(
            [step("exporting to image", 0, 500), step("exporting to image", 501, 900)],
            Sharing(0, 0),
            id="a target's own",
        ),
        pytest.param(
            [step(CORE, 0, 100) + step(CORE, 0, 500), step(CORE, 200, 500)],
            Sharing(1, 1),
            id="told again with new times",
        ),
    ],
)
def test_executions_of_shared_steps(streams: list[bytes], told: Sharing) -> None:
    assert sharing_of(streams) == told
