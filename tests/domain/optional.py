"""Narrow an optional value in a test."""

from __future__ import annotations

from typing import TypeVar

_Value = TypeVar("_Value")


def not_none(value: _Value | None) -> _Value:
    """Return the value; the test fails here if it is None."""
    assert value is not None
    return value
