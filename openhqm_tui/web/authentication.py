"""Who may open a console: by token, or by the ticket that is issued for it once."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from openhqm_tui.domain.errors import UsageProblem

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
