"""`openhqm-tui guides [NAME]`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.manual import Section, epilog
from openhqm_tui.cli.parser import Parser

HELP = "list the guides, or print one (in the console, press F1)"

_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui guides
  openhqm-tui guides multi-arch
  openhqm-tui guides multi-arch --format tty | less -R""",
)
# Longer lines are hard to read.
_WIDEST = 110


def add_arguments(parser: Parser) -> None:
    """Add the guide and the formats it is printed in."""
    parser.description = "List the guides that ship with the package, or print one."
    parser.epilog = epilog(_EXAMPLES)
    parser.add_argument(
        "name",
        nargs="?",
        default="",
        metavar="NAME",
        help="the guide to print (default: list all guides)",
    )
    parser.add_argument(
        "--format",
        choices=("auto", "tty", "plain"),
        default="auto",
        help="auto: rendered in a terminal, otherwise Markdown",
    )


def run(parsed: argparse.Namespace) -> int:
    """List the guides, or print one."""
    from openhqm_tui.cli.output.follow import format_of
    from openhqm_tui.store.guides import guide_called, guides

    if not parsed.name:
        found = guides()
        width = max(len(guide.name) for guide in found) if found else 0
        sys.stdout.writelines(f"{guide.name:{width}}  {guide.title}\n" for guide in found)
        return 0
    text = guide_called(parsed.name).text()
    if format_of(parsed.format) != "tty":
        sys.stdout.write(text)
        return 0
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text, hyperlinks=False), width=min(console.width, _WIDEST))
    return 0
