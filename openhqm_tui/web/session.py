"""One console: a process that ends with its browser tab and with the server."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from openhqm_tui.domain.text import one_line
from openhqm_tui.store.settings import TOKEN_VARIABLE

# Seconds that a console gets to leave in good order, and then to obey a signal.
GRACE = 5.0
_OBEYS = 3.0
# The largest terminal that a browser may ask for, in cells.
_MOST_CELLS = 500
_KEPT = 4096
_DRIVER = "openhqm_tui.tui.browser_driver:ServedDriver"

Say = Callable[[str], None]


class ConsoleSession(AppService):
    """Starts a console without a shell, hands on what it writes, and sees to it that it ends."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        write_bytes: Callable[[bytes], Awaitable[None]],
        write_str: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
        download_manager: DownloadManager,
        say: Say,
    ) -> None:
        super().__init__(
            "",
            write_bytes=write_bytes,
            write_str=write_str,
            close=close,
            download_manager=download_manager,
        )
        self._words, self._say = tuple(words), say
        self._leaving = False

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        # The token is the server's alone: a console starts runners, and they builds.
        environment.pop(TOKEN_VARIABLE, None)
        return environment | {"TEXTUAL_DRIVER": _DRIVER, "TERM": "xterm-256color"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        pipe = asyncio.subprocess.PIPE
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=self._build_environment(_cells(width), _cells(height)),
            # Ctrl-C is the server's; it ends its consoles itself.
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the console its size in cells, within reason."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def stop(self) -> None:
        """Ask the console to leave, see that it does, and wait until its process is gone."""
        task, self._task = self._task, None
        if task is None:
            return
        self._leaving = True
        await self._download_manager.cancel_app_downloads(self.app_service_id)
        with contextlib.suppress(asyncio.TimeoutError):
            # One that reads no more would never take it.
            await asyncio.wait_for(self.send_meta({"type": "quit"}), GRACE)
        self.stdin.close()
        await asyncio.wait({task}, timeout=GRACE)
        if not task.done():
            task.cancel()
        await asyncio.wait({task})

    async def run(self) -> None:
        """Hand on what the console writes until it or its browser is gone; then end both."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        complaint = asyncio.create_task(_last_of(process.stderr))
        try:
            await self._hand_on(process.stdout)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            await _end(process)
            told = one_line(await complaint, 200)
            if process.returncode and not self._leaving:
                self._say(f"a console ended with {process.returncode}" + (f": {told}" * bool(told)))
            with contextlib.suppress(ConnectionError):
                await self.remote_close()

    async def _hand_on(self, written: asyncio.StreamReader) -> None:
        """Read packets: a letter for the kind, four bytes for the length, the rest."""
        await written.readuntil(b"__GANGLION__\n")
        while True:
            kind, *length = await written.readexactly(5)
            payload = await written.readexactly(int.from_bytes(bytes(length), "big"))
            match chr(kind):
                case "D":
                    await self.on_data(payload)
                case "M":
                    await self.on_meta(payload)
                case "P":
                    await self.on_packed(payload)


def console_words(*, watch_only: bool) -> tuple[str, ...]:
    """Return the command of a console."""
    # Without -P a module of any name that lies in the folder would be ours.
    return (sys.executable, "-P", "-m", "openhqm_tui", *(["--watch-only"] if watch_only else []))


async def _end(process: Process) -> None:
    """See that a process ends: by the end of its input, by a signal, by force; wait for it."""
    assert process.stdin is not None
    assert process.stdout is not None
    ways = ((process.stdin.close, GRACE), (process.terminate, _OBEYS), (process.kill, None))
    gone = asyncio.ensure_future(_drained(process))
    for ask, patience in ways:
        with contextlib.suppress(ProcessLookupError):
            ask()
        # The waiting task may time out, but the process must still be gone.
        await asyncio.wait({gone}, timeout=patience)
        if gone.done():
            return


async def _drained(process: Process) -> None:
    """Wait for a process; one that still writes must be read, or it would never end."""
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        while await process.stdout.read(65536):
            pass
    await process.wait()


async def _last_of(stream: asyncio.StreamReader) -> str:
    """Return the last line of a stream when it is over, keeping no more than its end."""
    kept = b""
    while data := await stream.read(_KEPT):
        kept = (kept + data)[-_KEPT:]
    lines = kept.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _cells(told: object) -> int:
    """Return how wide or high a terminal is to be, whatever a browser says."""
    return min(max(told, 1), _MOST_CELLS) if isinstance(told, int) else 80
