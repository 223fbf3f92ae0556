"""Child processes in their own process group, always waited for, with bounded output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeVar

import msgspec

# On SIGINT, Buildx tells BuildKit to stop and waits for it: seconds for each signal.
GRACE = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


class Ended(msgspec.Struct, frozen=True):
    """How a process ended; output beyond the limit was dropped.

    `timed_out` and `flooded`: it was killed because it took too long or printed too much.
    """

    code: int
    out: bytes = b""
    err: bytes = b""
    timed_out: bool = False
    flooded: bool = False


class GroupProcess:
    """A process in its own group, whose stdout and stderr go straight to open files."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        stderr: IO[bytes],
        cwd: Path,
        env: Mapping[str, str],
    ) -> GroupProcess:
        """Start `command`; the kernel writes its output to the file, without a copy."""
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        )

    async def wait(self) -> int:
        """Wait for the exit code; a negative one is the signal that ended the process."""
        return await self._process.wait()

    async def stop(self, grace: Sequence[tuple[signal.Signals, float]] = GRACE) -> None:
        """Stop the whole group: send each signal of `grace` and wait before the next."""
        for number, patience in grace:
            if self._process.returncode is not None:
                break
            self._signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._process.wait()), patience)
        # The plugin may outlive the client that started it.
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def run_bounded(
    command: Sequence[str],
    *,
    patience: float,
    limit: int = 256 * 1024,
    flood: int | None = None,
) -> Ended:
    """Run a command for at most `patience` seconds, keeping `limit` bytes per stream.

    It is killed if it prints more than `flood` bytes on a stream.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    flooded = timed_out = False

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def too_much() -> None:
        nonlocal flooded
        flooded = True
        kill()

    readers = asyncio.gather(
        *(_read(stream, limit, flood, too_much) for stream in (process.stdout, process.stderr))
    )
    try:
        out, err = await asyncio.wait_for(asyncio.shield(readers), patience)
        await process.wait()
    except (TimeoutError, asyncio.CancelledError) as error:
        kill()
        out, err = await readers
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        timed_out = True
    return Ended(process.returncode or 0, out, err, timed_out, flooded)


async def _read(
    stream: asyncio.StreamReader, limit: int, flood: int | None, too_much: Callable[[], None]
) -> bytes:
    kept = bytearray()
    received = 0
    while piece := await stream.read(65536):
        received += len(piece)
        if len(kept) < limit:
            kept += piece[: limit - len(kept)]
        if flood is not None and received > flood:
            flood = None
            too_much()
    return bytes(kept)


T = TypeVar("T")


async def gather_all(*awaitables: Awaitable[T]) -> list[T]:
    """Await all concurrently and return their results in order; raises the first error.

    All are awaited to their end, even if one fails or is cancelled: `asyncio.gather` alone returns
    at the first error, before the others have cleaned up.
    """
    tasks = [asyncio.ensure_future(one) for one in awaitables]
    await asyncio.gather(*tasks, return_exceptions=True)
    # Not gather's own results: a task may also return an exception, as a reason.
    return [task.result() for task in tasks]
