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
from openhqm_tui.web.host_names import HostNames

LEAST = 16
_MOST = 256
_TOKEN = re.compile(rf"[A-Za-z0-9._~-]{{{LEAST},{_MOST}}}")
# Wrong tokens that an address may give in so many seconds.
_TRIES, _SPAN = 5, 60.0
# Addresses that are remembered.
_ADDRESSES = 1024


class Authenticator:
    """Knows the token, None where none is asked for; one for each server that is started.

    The ticket is what a browser keeps: the cookie of one port is shown to every other port of
    the host, and nobody there shall learn the token.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._clock = clock
        self.ticket = secrets.token_urlsafe(32)
        # When each address gave a wrong token, the address that did so last at the end.
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    @property
    def is_locked(self) -> bool:
        """Tell whether a token is asked for."""
        return self._token is not None

    def admits(self, ticket: str) -> bool:
        """Tell whether somebody with this ticket may come in."""
        return self._token is None or _same(ticket, self.ticket)

    def opens_for(self, token: str, address: str) -> bool:
        """Tell whether this is the token, to an address that `wait` lets try; count the wrong."""
        if self._token is None or _same(token, self._token):
            return True
        given = self._recent(address)
        self._wrong[address] = [*given, self._clock()]
        self._wrong.move_to_end(address)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        return False

    def wait(self, address: str) -> float:
        """Return for how many seconds an address may give no other token; 0: it may."""
        given = self._recent(address)
        return given[-_TRIES] + _SPAN - self._clock() if len(given) >= _TRIES else 0.0

    def mask(self, text: str) -> str:
        """Return the text without token and ticket."""
        for secret in filter(None, (self._token, self.ticket)):
            text = text.replace(secret, "***")
        return text

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - _SPAN
        return [at for at in self._wrong.get(address, ()) if at > since]


def checked_token(token: str, place: str) -> str:
    """Return the token in `place`; raises UsageProblem, which doesn't contain it."""
    if not _TOKEN.fullmatch(token):
        raise UsageProblem(
            f"{place}: a token has {LEAST} to {_MOST} letters, digits and - . _ ~",
            fix="make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def _same(told: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(told.encode("utf-8", "replace"), right.encode())


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
    """Return a page of our own words: `text` may have markup, and nothing that a request said."""
    body = _PAGE.format(title=title, text=text)
    return web.Response(status=status, text=body, content_type="text/html")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# xterm.js writes style sheets of its own into the page; scripts come from files of ours only.
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
    # The console may put something on the clipboard when a person asks, and read nothing.
    "Permissions-Policy": "clipboard-read=(), clipboard-write=(self), camera=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "openhqm-tui",
}


class Guard:
    """Lets a request through to the console, or answers it; nothing is served without it."""

    def __init__(
        self, names: HostNames, authenticator: Authenticator, *, cookie: str, secure: bool = False
    ) -> None:
        self._names, self._authenticator = names, authenticator
        self._cookie, self._secure = cookie, secure

    def stand_before(self, app: web.Application) -> None:
        """Guard all that an application answers."""
        app.middlewares.insert(0, self._pass)
        app.on_response_prepare.append(_add_headers)

    @web.middleware
    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._names.answer_to(request.headers.get("Host", "")):
            return error_page(
                421,
                "This server has another name",
                "Open it by the address that it told when it was started. Behind a proxy or under "
                "another name it is to be started with <code>--public-url</code>.",
            )
        if not self._is_our_page(request):
            return error_page(
                403,
                "Another web page asked for this",
                "Only the console's own page may open a console.",
            )
        if self._authenticator.is_locked:
            if "token" in request.query:
                return self._try_token(request)
            if not self._authenticator.admits(request.cookies.get(self._cookie, "")):
                return _closed()
        return await handler(request)

    def _is_our_page(self, request: web.Request) -> bool:
        """Tell whether the page that asks is ours; a websocket must say which page it is of."""
        origin = request.headers.get("Origin")
        if origin is None:
            return request.path != "/ws" and "Upgrade" not in request.headers
        return self._names.are_origin(origin, request.headers.get("Host", ""))

    def _try_token(self, request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            # Another page leads here: by a link that a person follows, or behind their back.
            if request.headers.get("Sec-Fetch-Dest", "document") != "document":
                return error_page(
                    403, "Another web page asked for this", "It may not give a token."
                )
            # It uses up its own tries only, not those of the person at the same address.
            address += " from another page"
        if (wait := self._authenticator.wait(address)) > 0:
            answer = error_page(
                429,
                "Too many wrong tokens",
                f"By this way none is tried for {math.ceil(wait)} seconds. If you came by a link, "
                "copy the address and paste it.",
            )
            answer.headers["Retry-After"] = str(math.ceil(wait))
            return answer
        if not self._authenticator.opens_for(request.query["token"], address):
            return _closed()
        # Elsewhere: an address with the token would stay in the browser's history.
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


def _closed() -> web.Response:
    return error_page(
        401,
        "The console asks for a token",
        "Open the address that <code>openhqm-tui serve</code> told when it was started, or "
        "add the token that it was given to this one: <code>/?token=…</code>. If you came by a "
        'link and have done so already, <a href="/">go on from here</a>.',
    )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    response.headers.update(_HEADERS)
