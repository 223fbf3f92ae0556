"""Tokens, tickets and failed attempts, with a stopped clock."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.web.guard import Authenticator, checked_token, new_token

TOKEN = "a-token-that-nobody-guesses"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_without_a_token_everyone_is_admitted() -> None:
    authenticator = Authenticator(None)
    assert not authenticator.is_locked
    assert authenticator.admits("")


def test_the_token_is_accepted_and_the_ticket_admits() -> None:
    authenticator = Authenticator(TOKEN)
    assert authenticator.is_locked
    assert authenticator.opens_for(TOKEN, "192.0.2.1")
    assert authenticator.admits(authenticator.ticket)
    for other in ("", TOKEN, authenticator.ticket[:-1], authenticator.ticket + "x", "\udcff", "ö"):
        assert not authenticator.admits(other)


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ö", "\udcff"])
def test_other_tokens_are_refused(wrong: str) -> None:
    assert not Authenticator(TOKEN).opens_for(wrong, "192.0.2.1")


def test_every_server_has_its_own_ticket() -> None:
    assert Authenticator(TOKEN).ticket != Authenticator(TOKEN).ticket


def test_only_an_address_with_wrong_tokens_has_to_wait() -> None:
    clock = Clock()
    authenticator = Authenticator(TOKEN, clock)
    for _ in range(5):
        assert authenticator.wait("192.0.2.1") == 0
        assert not authenticator.opens_for("wrong", "192.0.2.1")
        clock.now += 1
    assert authenticator.wait("192.0.2.1") == 55
    assert authenticator.wait("192.0.2.2") == 0
    clock.now += 55
    assert authenticator.wait("192.0.2.1") == 0


def test_only_the_latest_addresses_are_remembered() -> None:
    authenticator = Authenticator(TOKEN, Clock())
    for _ in range(5):
        authenticator.opens_for("wrong", "old")
    for number in range(1024):
        authenticator.opens_for("wrong", f"address {number}")
    assert authenticator.wait("old") == 0
    assert len(authenticator._wrong) == 1024


def test_token_and_ticket_are_masked() -> None:
    authenticator = Authenticator(TOKEN)
    assert (
        authenticator.mask(f"GET /?token={TOKEN} {authenticator.ticket}") == "GET /?token=*** ***"
    )
    assert Authenticator(None).mask("GET /") == "GET /"


@pytest.mark.parametrize("token", ["short", "with a blank in the middle", "x" * 257, "ö" * 20, ""])
def test_an_invalid_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        checked_token(token, "--token-file t")
    assert str(caught.value).startswith("--token-file t: a token must consist of 16 to 256 letters")
    assert not token or token not in str(caught.value)


def test_generated_tokens_are_valid() -> None:
    assert checked_token(new_token(), "") != new_token()
