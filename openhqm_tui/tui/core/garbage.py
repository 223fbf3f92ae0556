"""Python's search for garbage, kept from stopping the screen."""

from __future__ import annotations

import gc

# As Python has it but for the last, which is ten times as rare: what begins a long search.
_THRESHOLDS = (700, 10, 100)


def freeze(*, again: bool = False) -> None:
    """Leave all that there is now out of later searches.

    A search goes through everything that isn't set aside: a tenth of a second for a screen full
    of widgets, every other second while logs pour in. `again` lets go first of what was set
    aside before and is garbage by now: the run that was open, its widgets and its logs.
    """
    if again:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def pause() -> None:
    """Have Python search for none while the console starts: nearly all that is made stays."""
    gc.disable()


def resume() -> None:
    """Set the started console aside, and have Python search for garbage from now on."""
    freeze()
    collect_rarely()


def collect_rarely() -> None:
    """Have Python seldom begin a long search by itself: it would, in the midst of painting."""
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


def collect() -> None:
    """Search now, between two frames: every layout of the screen leaves thousands of cycles."""
    gc.collect()
