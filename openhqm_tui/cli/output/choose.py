"""The faces of a headless run: each is shown every change, and the end."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TextIO

from openhqm_tui.run.follow.follower import Changes, Follower


class Output(Protocol):
    """Something that shows a run while it goes and when it is over."""

    def update(self, changes: Changes) -> None:
        """Show what is new; called often, also when nothing is."""

    def leave(self) -> None:
        """Take away what is half drawn: nobody watches any longer, and the run goes on."""

    def end(self) -> None:
        """Show how it ended."""


def choose_output(
    form: str, follower: Follower, *, ctrl_c: str = "cancels", verbose: bool = False
) -> Output:
    """Return the output for a `--format`; `auto` looks at the terminal and the environment.

    It shows what comes after what `follower` has read by then; `ctrl_c` is what Ctrl-C does;
    `verbose` lists every answer of the checks at the end.
    """
    form = format_of(form)
    if form == "json":
        from openhqm_tui.cli.output.jsonl import JsonOutput

        return JsonOutput(follower, sys.stdout)
    if form == "tty":
        from openhqm_tui.cli.output.tty import TtyOutput

        return TtyOutput(follower, ctrl_c, verbose=verbose)
    from openhqm_tui.cli.output.plain import GithubOutput, PlainOutput

    plain = GithubOutput if form == "github" else PlainOutput
    return plain(follower, sys.stdout, verbose=verbose)


def format_of(form: str) -> str:
    """Return the format that a `--format` means here."""
    return automatic_format() if form == "auto" else form


def automatic_format(stream: TextIO | None = None) -> str:
    """Return the format that suits where the output goes."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    stream = stream or sys.stdout
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return "plain"
    return "tty"
