"""The web server of textual-serve behind an access check, and its consoles, which end with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import WSCloseCode, web
from aiohttp.web_runner import GracefulExit
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager
from textual_serve.server import Server, to_int

from openhqm_tui.domain.text import one_line
from openhqm_tui.store.settings import TOKEN_VARIABLE
from openhqm_tui.web.guard import Guard, error_page

# Seconds for a console to quit by itself, and then on a signal.
GRACE = 5.0
_SIGNAL_GRACE = 3.0
# The largest terminal that a browser may ask for, in cells.
_MOST_CELLS = 500
_KEPT = 4096
_DRIVER = "openhqm_tui.tui.browser_driver:ServedDriver"

Say = Callable[[str], None]


class ConsoleSession(AppService):
    """Starts a console without a shell, forwards its output, and makes sure that it ends."""

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
        # Only the server needs the token; a console passes its environment on to builds.
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
            # Ctrl-C is for the server, which ends its consoles itself.
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Set the console's size in cells, within limits."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def stop(self) -> None:
        """Ask the console to quit, and wait until its process has ended, by force if needed."""
        task, self._task = self._task, None
        if task is None:
            return
        self._leaving = True
        await self._download_manager.cancel_app_downloads(self.app_service_id)
        with contextlib.suppress(asyncio.TimeoutError):
            # A console that hangs would block this forever.
            await asyncio.wait_for(self.send_meta({"type": "quit"}), GRACE)
        self.stdin.close()
        await asyncio.wait({task}, timeout=GRACE)
        if not task.done():
            task.cancel()
        await asyncio.wait({task})

    async def run(self) -> None:
        """Forward the console's output until it or its browser is gone; then end both."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        stderr = asyncio.create_task(_last_of(process.stderr))
        try:
            await self._forward(process.stdout)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            await _end(process)
            words = one_line(await stderr, 200)
            if process.returncode and not self._leaving:
                words = f": {words}" if words else ""
                self._say(f"a console exited with code {process.returncode}{words}")
            with contextlib.suppress(ConnectionError):
                await self.remote_close()

    async def _forward(self, written: asyncio.StreamReader) -> None:
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
    # Without -P, modules in the current folder would shadow ours.
    return (sys.executable, "-P", "-m", "openhqm_tui", *(["--watch-only"] if watch_only else []))


async def _end(process: Process) -> None:
    """End a process by closing its input, then by a signal, then by force; wait for it."""
    assert process.stdin is not None
    assert process.stdout is not None
    ways = ((process.stdin.close, GRACE), (process.terminate, _SIGNAL_GRACE), (process.kill, None))
    gone = asyncio.ensure_future(_drained(process))
    for ask, patience in ways:
        with contextlib.suppress(ProcessLookupError):
            ask()
        # The wait may time out, but the process must still end.
        await asyncio.wait({gone}, timeout=patience)
        if gone.done():
            return


async def _drained(process: Process) -> None:
    """Wait for a process, reading its output so that it doesn't block on a full pipe."""
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        while await process.stdout.read(65536):
            pass
    await process.wait()


async def _last_of(stream: asyncio.StreamReader) -> str:
    """Return the last line of a stream once it has ended, keeping only its tail."""
    kept = b""
    while data := await stream.read(_KEPT):
        kept = (kept + data)[-_KEPT:]
    lines = kept.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _cells(requested: object) -> int:
    """Return a valid width or height, whatever the browser requested."""
    return min(max(requested, 1), _MOST_CELLS) if isinstance(requested, int) else 80


_PAGE = Path(__file__).parent / "page"
# The connection is closed if the browser doesn't respond for this many seconds.
_HEARTBEAT = 15.0
# Enough for a long paste.
_MOST_BYTES = 1 << 20
# Seconds that a reloaded page waits for its previous console to end.
_PATIENCE = 10.0
_SHUTDOWN = 20.0


class ConsoleServer(Server):
    """Serves a console to each tab, at most `most` at a time.

    `words` is the console's command; `said` gets a line for each tab that opens or closes.
    """

    def __init__(self, words: Sequence[str], guard: Guard, *, most: int, log: Say) -> None:
        super().__init__("openhqm-tui", templates_path=_PAGE)
        self._words, self._guard = tuple(words), guard
        self._most, self._log = most, log
        self._places = asyncio.Semaphore(most)
        # Open tabs; the places of closed ones are released once their consoles have ended.
        self._open: set[web.WebSocketResponse] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def serve_on(self, bound: Sequence[socket.socket]) -> None:
        """Serve on listening sockets until stopped."""
        web.run_app(
            self._make_app(),
            sock=list(bound),
            # The access log would contain the token.
            access_log=None,
            print=None,
            shutdown_timeout=_SHUTDOWN,
        )

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        for resource in app.router.resources():
            if isinstance(resource, web.StaticResource):
                # The library would list the files in its folder.
                resource._show_index = False
        self._guard.install(app)
        app.router.add_static("/page", _PAGE)
        return app

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002
        """Shut down cleanly also when the terminal is closed."""
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _leave)

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002
        """Close every tab's connection, and wait for their consoles to end."""
        closing = [tab.close(code=WSCloseCode.GOING_AWAY) for tab in self._open]
        await asyncio.gather(*closing, return_exceptions=True)
        for _ in range(self._most):
            await self._places.acquire()

    async def handle_index(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        """Return the page, or an error if too many are open."""
        return self._full() if len(self._open) >= self._most else web.FileResponse(_CONSOLE)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a console for a tab until either ends."""
        try:
            await asyncio.wait_for(self._places.acquire(), _PATIENCE)
        except TimeoutError as error:
            # Browsers ignore the page here, but not the status.
            raise web.HTTPServiceUnavailable from error
        tab = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_MOST_BYTES)
        try:
            await tab.prepare(request)
        except BaseException:
            self._places.release()
            raise
        await self._run_console(request, tab)
        return tab

    async def _run_console(self, request: web.Request, tab: web.WebSocketResponse) -> None:

        async def close() -> None:
            await tab.close()

        session = ConsoleSession(
            self._words,
            write_bytes=tab.send_bytes,
            write_str=tab.send_str,
            close=close,
            download_manager=self.download_manager,
            say=self._log,
        )
        self._open.add(tab)
        self._log(f"{request.remote} opened a console ({len(self._open)} of {self._most} open)")
        try:
            size = [to_int(request.query.get(side, ""), 80) for side in ("width", "height")]
            await session.start(*size)
            await self._process_messages(tab, session)
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
            self._log(f"{request.remote} sent an invalid message")
        except OSError as error:
            self._log(f"can't start a console ({error.strerror})")
        finally:
            # The waiting task may be cancelled, but the console must still end.
            ending = asyncio.create_task(self._end(tab, session, str(request.remote)))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            await asyncio.shield(ending)

    async def _end(self, tab: web.WebSocketResponse, session: ConsoleSession, who: str) -> None:
        """End a console, then release its place."""
        self._open.discard(tab)
        try:
            await tab.close()
            await session.stop()
        finally:
            self._places.release()
            self._log(f"{who} closed its console ({len(self._open)} of {self._most} open)")

    def _full(self) -> web.Response:
        return error_page(
            503,
            "Too many consoles are open",
            f"This server runs at most {self._most} consoles at a time. Close one, or start the "
            "server with a higher <code>--most-sessions</code>.",
        )


_CONSOLE = _PAGE / "console.html"


def _leave() -> None:
    raise GracefulExit


_OF_REQUESTS = ("aiohttp.access", "aiohttp.client")


class _Line(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message without anything that the browser sent."""
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if error is None else f"{record.msg} ({type(error).__name__})"
        self._say(text.replace("%s", "a browser"))


def configure_logging(say: Callable[[str], None]) -> None:
    """Send the libraries' warnings to `say` instead of their own output."""
    root = logging.getLogger()
    root.handlers = [_Line(say)]
    for name in _OF_REQUESTS:
        logging.getLogger(name).disabled = True
