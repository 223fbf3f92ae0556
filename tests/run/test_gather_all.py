"""Concurrent tasks are all waited for."""

from __future__ import annotations

import asyncio

import pytest

from openhqm_tui.run.process import gather_all


async def test_results_are_returned_in_order() -> None:
    first = asyncio.Event()

    async def late() -> str:
        await first.wait()
        return "a"

    async def early() -> str:
        first.set()
        return "b"

    assert await gather_all(late(), early()) == ["a", "b"]


async def test_an_error_is_raised_after_all_have_finished() -> None:
    ended: list[str] = []
    failed = asyncio.Event()

    async def fail() -> None:
        failed.set()
        raise ValueError("first")

    async def last() -> None:
        await failed.wait()
        ended.append("last")

    with pytest.raises(ValueError, match="first"):
        await gather_all(fail(), last())
    assert ended == ["last"]


async def test_a_cancelled_group_waits_for_its_cleanup() -> None:
    started, ended = asyncio.Event(), []

    async def tidy() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for _ in range(5):
                await asyncio.sleep(0)
            ended.append("tidy")
            raise

    async def careless() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(gather_all(careless(), tidy()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["tidy"]


async def test_an_exception_that_is_returned_is_a_result() -> None:
    reason = ValueError("the reason")

    async def known() -> ValueError:
        return reason

    assert await gather_all(known()) == [reason]
