"""Accepted Host and Origin headers."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.web.host_names import HostNames, checked_public, host_name, in_url, is_loopback

HERE = HostNames(frozenset({"127.0.0.1"}))
NAMED = HostNames(frozenset({"build-box", "192.0.2.7"}))
EVERYWHERE = HostNames(frozenset({"build-box"}), any_address=True)
PROXIED = HostNames(frozenset({"127.0.0.1"}), public="https://builds.example.org")


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (HERE, "127.0.0.1:8123"),
        (HERE, "127.0.0.1"),
        (HERE, "localhost:9000"),
        (HERE, "LOCALHOST"),
        (HERE, "[::1]:8123"),
        (HERE, "127.8.8.8:1"),
        (NAMED, "build-box:8123"),
        (NAMED, "Build-Box."),
        (NAMED, "192.0.2.7:8123"),
        (NAMED, "localhost:8123"),
        (EVERYWHERE, "198.51.100.9:8123"),
        (EVERYWHERE, "[2001:db8::1]:8123"),
        (PROXIED, "builds.example.org"),
        (PROXIED, "127.0.0.1:8123"),
    ],
)
def test_accepted_host_names(names: HostNames, host: str) -> None:
    assert names.answer_to(host)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (HERE, ""),
        (HERE, "evil.example"),
        (HERE, "evil.example:8123"),
        (HERE, "127.0.0.1.evil.example"),
        (HERE, "localhost.evil.example"),
        (HERE, "192.0.2.7:8123"),
        (HERE, "user@127.0.0.1"),
        (HERE, "127.0.0.1/x"),
        (HERE, "127.0.0.1:port"),
        (HERE, "[::1"),
        (HERE, "evil.example#127.0.0.1"),
        (NAMED, "other-box"),
        (NAMED, "192.0.2.8"),
        (EVERYWHERE, "evil.example"),
        (EVERYWHERE, "198.51.100.9.evil.example"),
        (PROXIED, "other.example.org"),
    ],
)
def test_refused_host_names(names: HostNames, host: str) -> None:
    assert not names.answer_to(host)


@pytest.mark.parametrize(
    ("names", "origin", "host", "ours"),
    [
        (HERE, "http://127.0.0.1:8123", "127.0.0.1:8123", True),
        (HERE, "http://127.0.0.1:9999", "127.0.0.1:8123", False),
        (HERE, "http://localhost:8123", "127.0.0.1:8123", False),
        (HERE, "https://127.0.0.1:8123", "127.0.0.1:8123", False),
        (HERE, "http://evil.example", "127.0.0.1:8123", False),
        (HERE, "null", "127.0.0.1:8123", False),
        (HERE, "", "", False),
        (HERE, "http://", "", False),
        (PROXIED, "https://builds.example.org", "127.0.0.1:8123", True),
        (PROXIED, "http://builds.example.org", "127.0.0.1:8123", False),
    ],
)
def test_only_our_own_origin_is_accepted(
    names: HostNames, origin: str, host: str, ours: bool
) -> None:
    assert names.are_origin(origin, host) is ours


@pytest.mark.parametrize(
    ("name", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("::ffff:192.168.1.2", False),
        ("example.org", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback_addresses_are_recognized(name: str, loopback: bool) -> None:
    assert is_loopback(name) is loopback


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://builds.example.org", "https://builds.example.org"),
        ("https://Builds.example.org:443/", "https://builds.example.org"),
        ("http://builds.example.org:8080", "http://builds.example.org:8080"),
        ("http://[2001:db8::1]:80", "http://[2001:db8::1]"),
    ],
)
def test_a_public_url_is_an_origin(url: str, origin: str) -> None:
    assert checked_public(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "builds.example.org",
        "ftp://builds.example.org",
        "https://",
        "https://builds.example.org/console",
        "https://builds.example.org/?x",
        "https://me:secret@builds.example.org",
        "https://builds.example.org:port",
        "https://[::1",
    ],
)
def test_other_public_urls_are_one_line(url: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        checked_public(url)
    assert str(caught.value).startswith("--public-url ")


def test_ipv6_addresses_are_bracketed_in_urls() -> None:
    assert in_url("::1", 8123) == "[::1]:8123"
    assert in_url("box", None) == "box"
    assert host_name("[::1]:8123") == "::1"
