"""Scheduling of garbage collection, so that it does not stop the screen."""

from __future__ import annotations

import gc

# As Python has it but for the last, which is ten times as rare: what begins a long search.
_THRESHOLDS = (700, 10, 100)


def freeze(*, again: bool = False) -> None:
    """Exclude all current objects from later collections.

    A search goes through everything that isn't set aside: a tenth of a second for a screen full
    of widgets, every other second while logs pour in. `again` lets go first of what was set
    aside before and is garbage by now: the run that was open, its widgets and its logs.
    """
    if again:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def pause() -> None:
    """Disable collection during the start: nearly all objects stay."""
    gc.disable()


def resume() -> None:
    """Exclude the started console, and enable collection."""
    freeze()
    collect_rarely()


def collect_rarely() -> None:
    """Make automatic full collections rare: they would happen during painting."""
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


def collect() -> None:
    """Collect now, between two frames: every layout leaves thousands of cycles."""
    gc.collect()
