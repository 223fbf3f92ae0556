"""Waiting for what must come true; how long that takes is never part of a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

# Longer than anything takes on a busy machine: only what never comes true meets it.
PATIENCE = 60.0


def until(condition: Callable[[], object], what: str = "", patience: float = PATIENCE) -> None:
    """Return when `condition` holds; fail the test where it doesn't within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"never came true: {what or condition}"
        time.sleep(0.01)


async def soon(condition: Callable[[], object], what: str = "") -> None:
    """As `until`, without holding up the event loop."""
    await asyncio.to_thread(until, condition, what)
