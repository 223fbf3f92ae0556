"""Parsing of the command line: each module of `cli/commands` is the command of its name."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Sequence
from typing import Protocol, cast

from openhqm_tui import __version__
from openhqm_tui.cli import commands, console, manual
from openhqm_tui.cli.parser import Parser
from openhqm_tui.domain.errors import UsageProblem

# Commands with their own --file and --context.
_WITH_SOURCE = {"build", "plan", "variants"}


class Command(Protocol):
    """What a module of `cli/commands` defines.

    `--help` imports the module, so imports that only `run` needs belong inside `run`.
    """

    HELP: str

    def add_arguments(self, parser: Parser) -> None:
        """Add the arguments, the description and any subcommands."""

    def run(self, parsed: argparse.Namespace) -> int:
        """Run the command and return its exit code; raises Problem."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments, with the function to call as `run`; raises UsageProblem.

    If a shell asks for completions, print them and end the process.
    """
    if "_ARGCOMPLETE" in os.environ:
        from openhqm_tui.cli.completion import complete

        complete(parser_for)
    parsed = parser_for([word for word in arguments if word != "--watch-only"]).parse_args(
        arguments
    )
    if parsed.watch_only and parsed.command:
        raise UsageProblem(
            f"--watch-only opens the console and can't be combined with {parsed.command}",
            fix=f"put --watch-only after {parsed.command}"
            if parsed.command == "serve"
            else "omit --watch-only",
        )
    for flag, value in (("--file", parsed.console_files), ("--context", parsed.console_context)):
        if value and parsed.command:
            raise UsageProblem(
                f"{flag} before {parsed.command} is for the console",
                fix=f"put {flag} after {parsed.command}"
                if parsed.command in _WITH_SOURCE
                else f"omit {flag}",
            )
    return parsed


def parser_for(words: Sequence[str]) -> Parser:
    """Return a parser with the command that `words` start with; no other is imported.

    Otherwise (--help, a typo) return one with all commands, but without their arguments.
    """
    names = command_names()
    if words and words[0] in names:
        return build_parser(words[:1])
    return build_parser(names if words else (), arguments=False)


def build_parser(names: Sequence[str] | None = None, *, arguments: bool = True) -> Parser:
    """Return a parser with some commands (default: all), with or without their arguments."""
    parser = Parser(
        prog="openhqm-tui",
        description="Build image variants for several platforms in parallel with Docker Buildx, "
        "watch the builds, and verify every image. Without a command, the console "
        "opens.",
        epilog=manual.epilog(
            manual.EXAMPLES,
            manual.EXIT_CODES,
            manual.SETTINGS,
            manual.ENVIRONMENT,
            manual.FILES,
        ),
    )
    parser.add_argument("--version", action="version", version=f"openhqm-tui {__version__}")
    parser.add_argument(
        "--watch-only",
        action="store_true",
        help="open a read-only console, which can't build, cancel or change anything",
    )
    parser.add_argument(
        *("-f", "--file"),
        dest="console_files",
        action="append",
        metavar="FILE",
        help="open the console on a bake or Compose file; repeatable",
    )
    parser.add_argument(
        "--context",
        dest="console_context",
        metavar="DIR|GIT",
        help="open the console on another folder or Git URL",
    )
    parser.set_defaults(run=console.run)
    subcommands = parser.add_commands("command")
    for name in command_names() if names is None else names:
        command = cast(Command, importlib.import_module(f"{commands.__name__}.{name}"))
        subparser = subcommands.add_parser(name, help=command.HELP)
        if arguments:
            # A subcommand's own `run` replaces it.
            subparser.set_defaults(run=command.run)
            command.add_arguments(subparser)
    return parser


def command_names() -> list[str]:
    """Return the names of all commands, without importing them."""
    # pkgutil would find them too, but its import of inspect would double the time of --help.
    files = [file for folder in commands.__path__ for file in os.listdir(folder)]  # noqa: PTH208
    return sorted(file[:-3] for file in files if file.endswith(".py") and file[0] != "_")
