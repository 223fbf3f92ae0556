"""Damaged runs: nothing is raised, and what is shown of them makes sense.

`make test` follows 2,500 of them, `make test-full` 10,000;
`python -m tests.soak streams` looks at others each time.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.damage import DAMAGES, SOURCES, Bench

_PARTS = 4


# In parts, which run in parallel; always the same examples, so that CI is reproducible.
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.full) for part in range(1, _PARTS))]
)
def test_a_damaged_run_is_followed_to_its_end(tmp_path: Path, part: int) -> None:
    bench = Bench(tmp_path)

    @settings(
        max_examples=10_000 // _PARTS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(DAMAGES)
    def followed(told: bytes) -> None:
        # Each part has runs of its own: the bytes are the same in all of them.
        bench.follow(bytes([told[0] * _PARTS + part & 255]) + told[1:])

    assert len(SOURCES) % _PARTS == 0
    followed()
