"""What is on screen for long is no longer looked through for garbage, but isn't kept for good."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from openhqm_tui.tui.core.garbage import freeze


class Ring:
    """Something that only a search for garbage can free."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_set_aside_is_freed_when_the_next_is():
    ring = Ring()
    known = weakref.ref(ring)
    freeze()
    assert gc.get_freeze_count() > 0
    del ring
    gc.collect()
    assert known() is not None, "it is looked through no longer"
    freeze()
    assert known() is not None, "what is shown still stays where it is"
    freeze(again=True)
    assert known() is None
    assert gc.get_freeze_count() > 0
