"""The web server: that of textual-serve, behind an access check."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import WSCloseCode, web
from aiohttp.web_runner import GracefulExit
from textual_serve.server import Server, to_int

from openhqm_tui.web.guard import Guard, error_page
from openhqm_tui.web.session import ConsoleSession

_PAGE = Path(__file__).parent / "page"
# Seconds in which the browser must answer, or is held for gone.
_HEARTBEAT = 15.0
# A paste may be long; a console takes no films.
_MOST_BYTES = 1 << 20
# Seconds for which a reloaded page waits for the console that it had before to end.
_PATIENCE = 10.0
_SHUTDOWN = 20.0

Say = Callable[[str], None]


class ConsoleServer(Server):
    """Serves a console to each tab, at most `most` at once.

    `words` is the console's command, `said` is told who comes and goes, a line each.
    """

    def __init__(self, words: Sequence[str], guard: Guard, *, most: int, said: Say) -> None:
        super().__init__("openhqm-tui", templates_path=_PAGE)
        self._words, self._guard = tuple(words), guard
        self._most, self._said = most, said
        self._places = asyncio.Semaphore(most)
        # Tabs that are open; the places of those that were closed are taken a moment longer.
        self._open: set[web.WebSocketResponse] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def serve_on(self, bound: Sequence[socket.socket]) -> None:
        """Serve on sockets that listen already, until somebody ends it."""
        web.run_app(
            self._make_app(),
            sock=list(bound),
            # It would hold the token.
            access_log=None,
            print=None,
            shutdown_timeout=_SHUTDOWN,
        )

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        for resource in app.router.resources():
            if isinstance(resource, web.StaticResource):
                # The library's shows what is in its folder.
                resource._show_index = False
        self._guard.stand_before(app)
        app.router.add_static("/page", _PAGE)
        return app

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002
        """End in good order when the terminal is closed, too."""
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _leave)

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002
        """Close every tab's connection: each ends its console, and is waited for."""
        closing = [tab.close(code=WSCloseCode.GOING_AWAY) for tab in self._open]
        await asyncio.gather(*closing, return_exceptions=True)
        for _ in range(self._most):
            await self._places.acquire()

    async def handle_index(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        """Answer with the page, or say that there are enough of them."""
        return self._full() if len(self._open) >= self._most else web.FileResponse(_CONSOLE)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a console for a tab, until one of the two is gone."""
        try:
            await asyncio.wait_for(self._places.acquire(), _PATIENCE)
        except TimeoutError as error:
            # No page is read here, but its status is.
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
            say=self._said,
        )
        self._open.add(tab)
        self._said(f"{request.remote} opened a console ({len(self._open)} of {self._most})")
        try:
            size = [to_int(request.query.get(side, ""), 80) for side in ("width", "height")]
            await session.start(*size)
            await self._process_messages(tab, session)
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
            self._said(f"{request.remote} sent what no page of ours sends")
        except OSError as error:
            self._said(f"no console can be started ({error.strerror})")
        finally:
            # The waiting task may be cancelled, but the console must still end.
            ending = asyncio.create_task(self._end(tab, session, str(request.remote)))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            await asyncio.shield(ending)

    async def _end(self, tab: web.WebSocketResponse, session: ConsoleSession, who: str) -> None:
        """End a console, then give its place away."""
        self._open.discard(tab)
        try:
            await tab.close()
            await session.stop()
        finally:
            self._places.release()
            self._said(f"{who} has left ({len(self._open)} of {self._most} open)")

    def _full(self) -> web.Response:
        return error_page(
            503,
            "Enough consoles are open",
            f"There are {self._most}, the most that this server runs at once. Close one, or start "
            "the server with a higher <code>--most-sessions</code>.",
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
        """Tell what went wrong; what was sent to us stays out of it."""
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if error is None else f"{record.msg} ({type(error).__name__})"
        self._say(text.replace("%s", "a browser"))


def configure_logging(say: Callable[[str], None]) -> None:
    """Route the libraries' warnings to `say` instead of their own output."""
    root = logging.getLogger()
    root.handlers = [_Line(say)]
    for name in _OF_REQUESTS:
        logging.getLogger(name).disabled = True
