"""Damaged runs by the thousand, others with every seed: `python -m tests.soak streams`."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

from tests.damage import DAMAGES, Bench


def explore(times: int, seed: str) -> int:
    """Look at so many, say how many made sense, and return 1 where one didn't."""
    looked_at = 0
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-soak-") as folder:
        bench = Bench(Path(folder))

        @seeded(seed)
        @settings(
            max_examples=times,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(DAMAGES)
        def followed(told: bytes) -> None:
            nonlocal looked_at
            looked_at += 1
            bench.follow(told)

        try:
            followed()
        except Exception as error:
            traceback.print_exception(error)
            sys.stdout.write(f"streams: one of {looked_at} made no sense (seed {seed})\n")
            return 1
    sys.stdout.write(f"streams: {looked_at} damaged runs, each makes sense (seed {seed})\n")
    return 0
