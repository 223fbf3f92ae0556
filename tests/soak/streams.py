"""Thousands of damaged runs, different for each seed: `python -m tests.soak streams`."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

from tests.damage import DAMAGES, Bench


def explore(times: int, seed: str) -> int:
    """Follow that many damaged runs; return 1 if one failed."""
    followed_runs = 0
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
        def followed(data: bytes) -> None:
            nonlocal followed_runs
            followed_runs += 1
            bench.follow(data)

        try:
            followed()
        except Exception as error:
            traceback.print_exception(error)
            sys.stdout.write(f"streams: one of {followed_runs} failed (seed {seed})\n")
            return 1
    sys.stdout.write(f"streams: {followed_runs} damaged runs passed (seed {seed})\n")
    return 0
