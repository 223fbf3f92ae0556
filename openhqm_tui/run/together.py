"""Several things at once, none left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*work: Awaitable[T]) -> list[T]:
    """Do all of `work` side by side and return what each gave, in order; raises the first error.

    Every one is waited for, also when it is cancelled: `asyncio.gather` alone returns at the first
    that ends so, and what the others have yet to take away would stay.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    for ended in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(ended, BaseException):
            errors.append(ended)
        else:
            results.append(ended)
    if errors:
        raise errors[0]
    return results
