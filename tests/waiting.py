"""Waiting for conditions; the duration is never part of a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

# Long enough for a busy machine: only a condition that never holds reaches it.
PATIENCE = 60.0


def until(condition: Callable[[], object], what: str = "", patience: float = PATIENCE) -> None:
    """Wait until `condition` holds; fail the test if it doesn't within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"never happened: {what or condition}"
        time.sleep(0.01)


async def soon(condition: Callable[[], object], what: str = "") -> None:
    """Like `until`, without blocking the event loop."""
    await asyncio.to_thread(until, condition, what)
