"""The host names of the server, which web pages are its own, and the sockets it listens on."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from openhqm_tui.domain.errors import UsageProblem

_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


@dataclass(frozen=True)
class HostNames:
    """The names that a Host header may have: any other one may be a DNS rebinding attack.

    `hosts` are names and addresses in lower case; `any_address` adds all literal IP addresses,
    which can't be rebound. `public` is the origin of a reverse proxy, such as
    `https://builds.example.org`; '' without one.
    """

    hosts: frozenset[str] = frozenset()
    any_address: bool = False
    public: str = ""

    def answer_to(self, host: str) -> bool:
        """Return whether a Host header names this server, on any port: a tunnel has its own."""
        name = host_name(host)
        if not name:
            return False
        if name in _LOOPBACK_NAMES or name in self.hosts or name == host_name(self._public_host):
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or self.any_address)

    def are_origin(self, origin: str, host: str) -> bool:
        """Return whether `origin` is this server's own; `host` is the Host header."""
        if self.public and origin == self.public:
            return True
        return bool(host) and origin == f"http://{host}"

    @property
    def _public_host(self) -> str:
        return self.public.partition("://")[2]


def host_name(host: str) -> str:
    """Return the name in `name:port` or `[address]:port`, in lower case; '' if it is invalid."""
    try:
        told = urlsplit(f"//{host}")
        told.port  # noqa: B018 - raises for an invalid port
    except ValueError:
        return ""
    if not told.hostname or told.path or told.query or told.fragment or told.username is not None:
        return ""
    return told.hostname.rstrip(".")


def is_loopback(name: str) -> bool:
    """Return whether a name or an address is a loopback one."""
    address = _address(name)
    return name in _LOOPBACK_NAMES if address is None else address.is_loopback


def checked_public(given: str) -> str:
    """Return the origin of the URL in --public-url; raises UsageProblem."""
    fix = "for example: https://builds.example.org"
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError as error:
        raise UsageProblem(f"--public-url {given}: {error}", fix=fix) from error
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise UsageProblem(f"--public-url {given}: not the URL of a server", fix=fix)
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise UsageProblem(
            f"--public-url {given}: the console can't be served under a path", fix=fix
        )
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{in_url(url.hostname, port if port not in {None, usual} else None)}"


def in_url(host: str, port: int | None) -> str:
    """Return host and port as in a URL."""
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


_BACKLOG = 128


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets on every address of a host, all on one port; 0: any; raises UsageProblem.

    The name is resolved only once, so that the addresses bound are those that were checked.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageProblem(
            f"--host {host} can't be resolved ({getattr(error, 'strerror', '') or error})",
            fix="use an address of this machine, or omit --host to use 127.0.0.1",
        ) from error
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            # All addresses get the port that the first one got.
            chosen = port or (bound[0].getsockname()[1] if bound else 0)
            try:
                bound.append(_bind(family, (address[0], chosen, *address[2:])))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise _problem(host, port, error) from error
                missing = error
        if not bound:
            raise _problem(host, port, missing or OSError(errno.EADDRNOTAVAIL, "no address"))
    except BaseException:
        for one in bound:
            one.close()
        raise
    return bound


def stay_here(bound: list[socket.socket]) -> bool:
    """Return whether only this machine can reach the sockets."""
    return all(is_loopback(one.getsockname()[0]) for one in bound)


def _bind(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with contextlib.suppress(OSError):
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(_BACKLOG)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _problem(host: str, port: int, error: OSError) -> UsageProblem:
    if error.errno == errno.EADDRINUSE:
        return UsageProblem(
            f"port {port} on {host} is already in use", fix=f"try --port {port % 65535 + 1}"
        )
    if error.errno == errno.EACCES:
        return UsageProblem(
            f"port {port} requires root", fix="use a port above 1023, such as --port 8123"
        )
    return UsageProblem(
        f"can't listen on {host} ({error.strerror})",
        fix="use an address of this machine, or omit --host to use 127.0.0.1",
    )
