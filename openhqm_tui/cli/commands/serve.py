"""`openhqm-tui serve`: the console in a browser."""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import stat
import sys
from collections.abc import Callable

from openhqm_tui.cli.commands.settings import settings_here
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.paths import at_home
from openhqm_tui.store.settings import TOKEN_VARIABLE

_EXTRA = (
    "install it: pip install 'openhqm-tui[serve]', or pipx inject openhqm-tui textual-serve, "
    "or uv tool install 'openhqm-tui[serve]'"
)
_MOST_BYTES = 1024


def run(parsed: argparse.Namespace) -> int:
    """Serve until somebody ends it; raises UsageProblem where that can't be begun."""
    if importlib.util.find_spec("textual_serve") is None:
        raise UsageProblem("serve needs the package textual-serve", fix=_EXTRA)
    # What every console would stumble over is told here, once.
    settings_here()
    from openhqm_tui.web.authentication import Authenticator, new_token
    from openhqm_tui.web.guard import Guard
    from openhqm_tui.web.host_names import HostNames, checked_public, host_name, in_url, is_loopback
    from openhqm_tui.web.server import ConsoleServer, configure_logging
    from openhqm_tui.web.session import console_words
    from openhqm_tui.web.sockets import listen, stay_here

    public = checked_public(parsed.public_url) if parsed.public_url else ""
    given = _token(parsed.token_file)
    bound = listen(parsed.host, parsed.port)
    try:
        here = stay_here(bound) and (not public or is_loopback(host_name(_host_of(public))))
        token = given or (new_token() if parsed.ask_token or not here else None)
        authenticator = Authenticator(token)
        say = _sayer(authenticator.mask)
        configure_logging(say)
        port = bound[0].getsockname()[1]
        addresses = [one.getsockname()[0] for one in bound]
        everywhere = any(address in {"0.0.0.0", "::"} for address in addresses)  # noqa: S104
        own = {parsed.host.lower(), *addresses} | (_own_names() if everywhere else set())
        names = HostNames(frozenset(own), any_address=everywhere, public=public)
        secure = public.startswith("https://")
        guard = Guard(names, authenticator, cookie=f"openhqm-tui-{port}", secure=secure)
        watch_only = parsed.serve_watch_only or not (here or parsed.allow_control)
        host = socket.gethostname() if everywhere else parsed.host
        url = f"{public or f'http://{in_url(host, port)}'}/"
        sys.stdout.write(_first_line(url, token, given=bool(given), watch_only=watch_only) + "\n")
        sys.stdout.flush()
        if not stay_here(bound):
            say(f"plain HTTP: others can read along; better: ssh -L {port}:127.0.0.1:{port} {host}")
        words = console_words(watch_only=watch_only)
        ConsoleServer(words, guard, most=parsed.most_sessions, said=say).serve_on(bound)
    finally:
        for one in bound:
            one.close()
    return 0


def _first_line(url: str, token: str | None, *, given: bool, watch_only: bool) -> str:
    rights = "it only watches" if watch_only else "it can build and cancel"
    if token is None:
        return f"{url} opens the console on this machine ({rights}); Ctrl-C ends it"
    # One that was given is known to who gave it, and the screen may be seen by others.
    shown = "…" if given else token
    whoever = "with your token for … " if given else ""
    return f"{url}?token={shown} opens the console {whoever}({rights}); Ctrl-C ends it"


def _token(told: str) -> str:
    """Return the token that a person gave, in a file or in the environment; '' for none."""
    from openhqm_tui.web.authentication import checked_token

    if not told:
        given = os.environ.get(TOKEN_VARIABLE, "").strip()
        return checked_token(given, TOKEN_VARIABLE) if given else ""
    file = at_home(told)
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            text = opened.read(_MOST_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise UsageProblem(f"--token-file {file} can't be read ({error.strerror})") from error
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        raise UsageProblem(f"--token-file {file}: others can read it", fix=f"chmod 600 {file}")
    return checked_token(text.strip(), f"--token-file {file}")


def _sayer(mask: Callable[[str], str]) -> Callable[[str], None]:
    def say(text: str) -> None:
        sys.stderr.write(f"openhqm-tui: {mask(one_line(text, 300))}\n")
        sys.stderr.flush()

    return say


def _own_names() -> set[str]:
    """Return what this machine is called on its network."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"}


def _host_of(origin: str) -> str:
    return origin.partition("://")[2]
