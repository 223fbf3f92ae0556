"""`openhqm-tui serve`: the console in a browser."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from openhqm_tui.cli.parser import Parser, positive_integer
from openhqm_tui.domain.errors import UsageProblem

HELP = "serve the console to browsers"

_HOST, _PORT, _MOST_SESSIONS = "127.0.0.1", 8123, 4
_EXTRA = (
    "install it: pip install 'openhqm-tui[serve]', or pipx inject openhqm-tui textual-serve, "
    "or uv tool install 'openhqm-tui[serve]'"
)
_MOST_BYTES = 1024


def add_arguments(parser: Parser) -> None:
    """Add where it listens, who may connect, and what they may do."""
    # Each line becomes a paragraph; indented lines are kept as they are.
    parser.description = (
        "Serve the console to browsers, to watch a long build from another machine. Each tab is a "
        "separate console; builds continue when a tab is closed. The `serve` extra is required:\n\n"
        "  pip install 'openhqm-tui[serve]'\n\n"
        "The traffic is plain HTTP: anyone on the network can read it, including the token. "
        "It is safer to omit --host, and to connect through ssh from the machine with the "
        "browser:\n\n"
        "  ssh -L 8123:127.0.0.1:8123 BUILD-MACHINE\n  then open http://127.0.0.1:8123/\n\n"
        "Without --host only this machine can connect, and no token is required: anyone with an "
        "account here can open the console, and build and cancel in it. --ask-token prevents "
        "this. From other machines a token is always required, and consoles are read-only; with "
        "--allow-control anyone with the token has full control: they can build, cancel, and run "
        "the Doctor's fixes with your privileges."
    )
    parser.epilog = "exit codes: 0 stopped (Ctrl-C), 2 invalid options"
    add = parser.add_argument
    add(
        "--host",
        default=_HOST,
        metavar="H",
        help=f"address or name to listen on (default: {_HOST}, this machine only); 0.0.0.0: all "
        "interfaces",
    )
    add(
        "--port",
        type=_port,
        default=_PORT,
        metavar="N",
        help=f"port (default: {_PORT}); 0: any free port",
    )
    add(
        "--token-file",
        default="",
        metavar="FILE",
        help="a file with the token, readable only by you (default: OPENHQM_TUI_SERVE_TOKEN; if "
        "that isn't set and a token is required, a new one is generated and printed)",
    )
    add("--ask-token", action="store_true", help="require a token on this machine too")
    rights = parser.add_mutually_exclusive_group()
    rights.add_argument(
        "--watch-only",
        dest="serve_watch_only",
        action="store_true",
        help="serve read-only consoles, which can't build, cancel or change anything",
    )
    rights.add_argument(
        "--allow-control",
        action="store_true",
        help="give browsers on other machines full control",
    )
    add(
        "--public-url",
        default="",
        metavar="URL",
        help="the URL of a TLS reverse proxy in front of this server; requires a token",
    )
    add(
        "--most-sessions",
        type=positive_integer("--most-sessions", "use 1 or more"),
        default=_MOST_SESSIONS,
        metavar="N",
        help=f"at most N consoles at a time (default: {_MOST_SESSIONS}); each uses about 80 MB",
    )


def run(parsed: argparse.Namespace) -> int:
    """Serve until stopped; raises UsageProblem if it can't start."""
    import importlib.util
    import socket

    if importlib.util.find_spec("textual_serve") is None:
        raise UsageProblem("serve requires the package textual-serve", fix=_EXTRA)
    from openhqm_tui.cli.surroundings import settings_here

    # Invalid settings are reported once here instead of by every console.
    settings_here()
    from openhqm_tui.web.guard import Authenticator, Guard, new_token
    from openhqm_tui.web.host_names import (
        HostNames,
        checked_public,
        host_name,
        in_url,
        is_loopback,
        listen,
        stay_here,
    )
    from openhqm_tui.web.server import ConsoleServer, configure_logging, console_words

    public = checked_public(parsed.public_url) if parsed.public_url else ""
    given = _token(parsed.token_file)
    bound = listen(parsed.host, parsed.port)
    try:
        here = stay_here(bound) and (
            not public or is_loopback(host_name(public.partition("://")[2]))
        )
        token = given or (new_token() if parsed.ask_token or not here else None)
        authenticator = Authenticator(token)
        log = _logger(authenticator.mask)
        configure_logging(log)
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
            log(
                "plain HTTP can be read by anyone on the network; it is safer to omit --host, and "
                f"to connect with `ssh -L {port}:127.0.0.1:{port} {host}`"
            )
        words = console_words(watch_only=watch_only)
        ConsoleServer(words, guard, most=parsed.most_sessions, log=log).serve_on(bound)
    finally:
        for one in bound:
            one.close()
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise UsageProblem(f"--port {text}: not a port number", fix="use a number from 0 to 65535")
    return int(text)


def _first_line(url: str, token: str | None, *, given: bool, watch_only: bool) -> str:
    rights = "read-only" if watch_only else "full control"
    if token is None:
        return f"{url} opens the console on this machine ({rights}); Ctrl-C stops the server"
    # Someone who set a token knows it, and others may see the screen.
    shown = "…" if given else token
    with_token = "with your token in place of … " if given else ""
    return f"{url}?token={shown} opens the console {with_token}({rights}); Ctrl-C stops the server"


def _token(path: str) -> str:
    """Return the token from a file or the environment; '' if there is none."""
    import shlex
    import stat

    from openhqm_tui.store.paths import at_home
    from openhqm_tui.store.settings import TOKEN_VARIABLE
    from openhqm_tui.web.guard import checked_token

    if not path:
        given = os.environ.get(TOKEN_VARIABLE, "").strip()
        return checked_token(given, TOKEN_VARIABLE) if given else ""
    file = at_home(path)
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            text = opened.read(_MOST_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise UsageProblem(f"--token-file {file} can't be read ({error.strerror})") from error
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        raise UsageProblem(
            f"--token-file {file}: other users can read it",
            fix=f"run `chmod 600 {shlex.quote(str(file))}`",
        )
    return checked_token(text.strip(), f"--token-file {file}")


def _logger(mask: Callable[[str], str]) -> Callable[[str], None]:
    from openhqm_tui.domain.text import one_line

    def log(text: str) -> None:
        sys.stderr.write(f"openhqm-tui: {mask(one_line(text, 300))}\n")
        sys.stderr.flush()

    return log


def _own_names() -> set[str]:
    """Return the names of this machine on its network."""
    import socket

    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"}
