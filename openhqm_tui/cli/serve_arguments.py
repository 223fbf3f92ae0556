"""The words of `serve`: where it listens, who may come in, what they may do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, at_least_one, later
from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]

HOST, PORT, MOST_SESSIONS = "127.0.0.1", 8123, 4
# A line is a paragraph; one that begins with blanks stays as it is.
_DESCRIPTION = (
    "Serve the console to browsers: to watch a long build from elsewhere. Each tab is a console "
    "of its own; builds go on when it is closed. Needs the extra:\n\n"
    "  pip install 'openhqm-tui[serve]'\n\n"
    "The traffic is plain HTTP: on a network others can read along, the token too. Better is "
    "to leave the host alone and come through ssh, from the machine that has the browser:\n\n"
    "  ssh -L 8123:127.0.0.1:8123 BUILD-MACHINE\n  then open http://127.0.0.1:8123/\n\n"
    "Without --host only this machine can connect, and no token is asked for: whoever has an "
    "account here can open the console, and build and cancel in it. --ask-token keeps them "
    "out. Beyond this machine a token is always asked for, and consoles only watch; with "
    "--allow-control whoever has the token has the console: can build, cancel, and run the "
    "doctor's fixes, as you could."
)


def add_serve(commands: Commands) -> None:
    """Add `serve`."""
    serve = commands.add_parser(
        "serve",
        help="the console in a browser, to watch from elsewhere",
        description=_DESCRIPTION,
        epilog="exit codes: 0 stopped (Ctrl-C), 2 invalid options",
    )
    add = serve.add_argument
    add(
        "--host",
        default=HOST,
        metavar="H",
        help=f"address or name to listen on ({HOST}: this machine only); 0.0.0.0 for all",
    )
    add("--port", type=_port, default=PORT, metavar="N", help=f"port ({PORT}); 0: any that is free")
    add(
        "--token-file",
        default="",
        metavar="FILE",
        help="the token stands in this file, which only you can read; else it is taken from "
        "OPENHQM_TUI_SERVE_TOKEN, else one is made and shown",
    )
    add("--ask-token", action="store_true", help="ask for a token on this machine as well")
    rights = serve.add_mutually_exclusive_group()
    rights.add_argument(
        "--watch-only",
        dest="serve_watch_only",
        action="store_true",
        help="consoles only watch: nothing is built, stopped or changed from there",
    )
    rights.add_argument(
        "--allow-control",
        action="store_true",
        help="consoles can do all, also beyond this machine",
    )
    add(
        "--public-url",
        default="",
        metavar="URL",
        help="the address by which a reverse proxy (with TLS) is reached: a token is asked for",
    )
    add(
        "--most-sessions",
        type=at_least_one("--most-sessions", "console must be had", "try 4"),
        default=MOST_SESSIONS,
        metavar="N",
        help=f"at most N consoles in parallel (default: {MOST_SESSIONS}); each takes about 80 MB",
    )
    serve.set_defaults(run=later("openhqm_tui.cli.commands.serve"))


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise UsageProblem(f"--port {text}: that is no port", fix=f"try {PORT}")
    return int(text)
