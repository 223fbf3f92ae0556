"""What must be known, so that its parts can be asked for."""

from __future__ import annotations

from typing import TypeVar

_Known = TypeVar("_Known")


def sure(known: _Known | None) -> _Known:
    """Return what is known; a test in which it isn't fails here."""
    assert known is not None
    return known
