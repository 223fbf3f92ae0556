"""Long-lived objects are excluded from garbage collection, but not kept forever."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from openhqm_tui.tui.core.garbage import freeze


class Ring:
    """An object that only the garbage collector can free."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_frozen_objects_are_freed_by_the_next_freeze():
    ring = Ring()
    reference = weakref.ref(ring)
    freeze()
    assert gc.get_freeze_count() > 0
    del ring
    gc.collect()
    assert reference() is not None, "it is excluded from collection"
    freeze()
    assert reference() is not None, "objects still in use stay frozen"
    freeze(again=True)
    assert reference() is None
    assert gc.get_freeze_count() > 0
