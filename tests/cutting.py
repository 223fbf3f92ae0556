"""Bytes cut into pieces, as a pipe or a growing file gives them."""

from __future__ import annotations

import itertools


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return `data` in pieces; any list of numbers tells where to cut."""
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(ends)]
