"""The host names of the server, and which web pages are its own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from openhqm_tui.domain.errors import UsageProblem

_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


@dataclass(frozen=True)
class HostNames:
    """The names that a request may call the server by: a browser can be led here by any other.

    `hosts` are names and addresses in small letters; `any_address` adds every address that is
    written as one: no web page can have one of those as its own name. `public` is the origin
    that a reverse proxy is reached by: `https://builds.example.org`; '' without one.
    """

    hosts: frozenset[str] = frozenset()
    any_address: bool = False
    public: str = ""

    def answer_to(self, host: str) -> bool:
        """Tell whether a Host header names this server; any port is good, a tunnel has its own."""
        name = host_name(host)
        if not name:
            return False
        if name in _LOOPBACK_NAMES or name in self.hosts or name == host_name(self._public_host):
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or self.any_address)

    def are_origin(self, origin: str, host: str) -> bool:
        """Tell whether a page of `origin` is this server's own; `host`: what it was called by."""
        if self.public and origin == self.public:
            return True
        return bool(host) and origin == f"http://{host}"

    @property
    def _public_host(self) -> str:
        return self.public.partition("://")[2]


def host_name(host: str) -> str:
    """Return the name in `name:port` or `[address]:port`, in small letters; '' if it is none."""
    try:
        told = urlsplit(f"//{host}")
        told.port  # noqa: B018 - a port that is no number raises
    except ValueError:
        return ""
    if not told.hostname or told.path or told.query or told.fragment or told.username is not None:
        return ""
    return told.hostname.rstrip(".")


def is_loopback(name: str) -> bool:
    """Tell whether a name or an address stays on this machine."""
    address = _address(name)
    return name in _LOOPBACK_NAMES if address is None else address.is_loopback


def checked_public(told: str) -> str:
    """Return the origin of a URL that a person gave; raises UsageProblem."""
    fix = "write it as in https://builds.example.org"
    try:
        url = urlsplit(told)
        port = url.port
    except ValueError as error:
        raise UsageProblem(f"--public-url {told}: {error}", fix=fix) from error
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise UsageProblem(f"--public-url {told}: that is no address of a server", fix=fix)
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise UsageProblem(f"--public-url {told}: the console needs a host of its own", fix=fix)
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{in_url(url.hostname, port if port not in {None, usual} else None)}"


def in_url(host: str, port: int | None) -> str:
    """Return host and port as they are written in a URL."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None
    # ::ffff:127.0.0.1 is 127.0.0.1.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
