"""Python's search for garbage, kept from stopping the screen."""

from __future__ import annotations

import gc


def set_aside() -> None:
    """Leave all that there is now out of later searches.

    A search goes through everything that isn't set aside: a tenth of a second for a screen full
    of widgets, every other second while logs pour in. What was set aside before and is garbage
    by now is let go of first.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
