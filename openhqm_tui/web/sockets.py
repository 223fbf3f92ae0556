"""The sockets the server listens on, bound first, so that a bad address is a one-line error."""

from __future__ import annotations

import contextlib
import errno
import socket

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.web.host_names import is_loopback

_BACKLOG = 128


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets on every address of a host, all on one port, 0 for any; raises UsageProblem.

    What the name means is looked up once: what is bound is what was judged.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageProblem(
            f"--host {host}: nobody knows that name ({getattr(error, 'strerror', '') or error})",
            fix="give an address of this machine, or leave it out: 127.0.0.1",
        ) from error
    bound: list[socket.socket] = []
    lacking: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            # The second address gets the port that the first was given.
            told = port or (bound[0].getsockname()[1] if bound else 0)
            try:
                bound.append(_bind(family, (address[0], told, *address[2:])))
            except OSError as error:
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise _problem(host, port, error) from error
                lacking = error
        if not bound:
            raise _problem(host, port, lacking or OSError(errno.EADDRNOTAVAIL, "no address"))
    except BaseException:
        for one in bound:
            one.close()
        raise
    return bound


def stay_here(bound: list[socket.socket]) -> bool:
    """Tell whether only this machine can reach the sockets."""
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
            f"port {port} of {host} is in use", fix=f"give another: --port {port % 65535 + 1}"
        )
    if error.errno == errno.EACCES:
        return UsageProblem(f"port {port} needs root", fix="give one above 1023: --port 8123")
    return UsageProblem(
        f"can't listen on {host} ({error.strerror})",
        fix="give an address of this machine, or leave it out: 127.0.0.1",
    )
