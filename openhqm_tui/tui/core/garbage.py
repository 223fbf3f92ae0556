"""Scheduling of garbage collection, so that it doesn't block the screen."""

from __future__ import annotations

import gc

# Python's defaults, except that full collections, which take long, are ten times rarer.
_THRESHOLDS = (700, 10, 100)


def freeze(*, again: bool = False) -> None:
    """Exclude all current objects from later collections.

    A full collection visits everything that isn't frozen: a tenth of a second for a screen full
    of widgets, every other second while logs arrive. `again` first unfreezes what was frozen
    before and may be garbage by now: the previous run, its widgets and logs.
    """
    if again:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def pause() -> None:
    """Disable collection during the start: nearly all objects stay."""
    gc.disable()


def resume() -> None:
    """Freeze the started console, and enable collection."""
    freeze()
    collect_rarely()


def collect_rarely() -> None:
    """Make automatic full collections rare: they would interrupt drawing."""
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


def collect() -> None:
    """Collect between two frames: every layout leaves thousands of reference cycles."""
    gc.collect()
