"""Access control: what is checked before every response (host name, origin, token or ticket)."""

from __future__ import annotations

import hmac
import math
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.web.host_names import HostNames

LEAST = 16
_MOST = 256
_TOKEN = re.compile(rf"[A-Za-z0-9._~-]{{{LEAST},{_MOST}}}")
# An address may give this many wrong tokens in this many seconds.
_TRIES, _SPAN = 5, 60.0
# Addresses to remember.
_ADDRESSES = 1024


class Authenticator:
    """Checks tokens and tickets; one per server process. `token` is None if none is required.

    A browser keeps only the ticket: cookies are sent to every port of a host, and a server on
    another port must not learn the token.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._clock = clock
        self.ticket = secrets.token_urlsafe(32)
        # When each address gave wrong tokens; the most recent address is last.
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def is_locked(self) -> bool:
        """Return whether a token is required."""
        return self._token is not None

    def admits(self, ticket: str) -> bool:
        """Return whether this ticket grants access."""
        return self._token is None or _same(ticket, self.ticket)

    def opens_for(self, token: str, address: str) -> bool:
        """Return whether the token is right, and count wrong ones; check `wait` first."""
        if self._token is None or _same(token, self._token):
            return True
        given = self._recent(address)
        self._wrong[address] = [*given, self._clock()]
        self._wrong.move_to_end(address)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        return False

    def wait(self, address: str) -> float:
        """Return the seconds until an address may try another token; 0: now."""
        given = self._recent(address)
        return given[-_TRIES] + _SPAN - self._clock() if len(given) >= _TRIES else 0.0

    def mask(self, text: str) -> str:
        """Return the text with token and ticket masked."""
        for secret in filter(None, (self._token, self.ticket)):
            text = text.replace(secret, "***")
        return text

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - _SPAN
        return [at for at in self._wrong.get(address, ()) if at > since]


def checked_token(token: str, place: str) -> str:
    """Return the token if it is valid; raises UsageProblem, which names `place`, not the token."""
    if not _TOKEN.fullmatch(token):
        raise UsageProblem(
            f"{place}: a token must consist of {LEAST} to {_MOST} letters, digits or the "
            "characters - . _ ~",
            fix="generate one: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


def _same(given: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · openhqm-tui</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 1rem; }}
  h1 {{ font-size: 1.25rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""  # noqa: E501 - a page, not code


def error_page(status: int, title: str, text: str) -> web.Response:
    """Return an error page. `text` is markup: it must not contain anything from the request."""
    body = _PAGE.format(title=title, text=text)
    return web.Response(status=status, text=body, content_type="text/html")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# xterm.js inserts its own style sheets; scripts come only from our own files.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The console may write to the clipboard on request, but never read it.
    "Permissions-Policy": "clipboard-read=(), clipboard-write=(self), camera=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "openhqm-tui",
}


class Guard:
    """Passes requests to the console or rejects them; every request goes through it."""

    def __init__(
        self, names: HostNames, authenticator: Authenticator, *, cookie: str, secure: bool = False
    ) -> None:
        self._names, self._authenticator = names, authenticator
        self._cookie, self._secure = cookie, secure

    def install(self, app: web.Application) -> None:
        """Guard every response of an application."""
        app.middlewares.insert(0, self._pass)
        app.on_response_prepare.append(_add_headers)

    @web.middleware
    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._names.answer_to(request.headers.get("Host", "")):
            return error_page(
                421,
                "Unknown host name",
                "Use the address that <code>openhqm-tui serve</code> printed at startup. To use a "
                "proxy or another name, start the server with <code>--public-url</code>.",
            )
        if not self._is_our_page(request):
            return error_page(
                403,
                "Request from another web page",
                "Only the console's own page can open a console.",
            )
        if self._authenticator.is_locked:
            if "token" in request.query:
                return self._try_token(request)
            if not self._authenticator.admits(request.cookies.get(self._cookie, "")):
                return _closed()
        return await handler(request)

    def _is_our_page(self, request: web.Request) -> bool:
        """Return whether our own page sent the request; a websocket must name its origin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return request.path != "/ws" and "Upgrade" not in request.headers
        return self._names.are_origin(origin, request.headers.get("Host", ""))

    def _try_token(self, request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            # Another page led here: by a link that the user followed, or without the user knowing.
            if request.headers.get("Sec-Fetch-Dest", "document") != "document":
                return error_page(
                    403, "Request from another web page", "Other pages can't submit a token."
                )
            # Such attempts count separately, not against the user at the same address.
            address += " from another page"
        if (wait := self._authenticator.wait(address)) > 0:
            response = error_page(
                429,
                "Too many wrong tokens",
                f"Try again in {count_text(math.ceil(wait), 'second')}. If you followed a link, "
                "copy its address into the address bar instead.",
            )
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        if not self._authenticator.opens_for(request.query["token"], address):
            return _closed("Wrong token")
        # Redirect, so that no address with the token stays in the browser's history.
        inside = web.Response(status=303, headers={"Location": "/"})
        inside.set_cookie(
            self._cookie,
            self._authenticator.ticket,
            httponly=True,
            secure=self._secure,
            samesite="Strict",
            path="/",
        )
        return inside


def _closed(title: str = "Token required") -> web.Response:
    return error_page(
        401,
        title,
        "Open the address that <code>openhqm-tui serve</code> printed at startup, or append "
        "its token to this address: <code>/?token=…</code>. If you followed a link and have "
        'already entered the token, <a href="/">continue here</a>.',
    )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    response.headers.update(_HEADERS)
