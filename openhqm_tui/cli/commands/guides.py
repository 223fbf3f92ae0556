"""`openhqm-tui guides [NAME]`: the guides that ship, to be read without the console."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.output.choose import format_of
from openhqm_tui.store.guides import guide_called, guides

# Lines of prose that are longer are tiring to read.
_WIDEST = 110


def run(parsed: argparse.Namespace) -> int:
    """List the guides, or print one: drawn in a terminal, as it is written elsewhere."""
    if not parsed.name:
        found = guides()
        width = max(len(guide.name) for guide in found) if found else 0
        sys.stdout.writelines(f"{guide.name:{width}}  {guide.title}\n" for guide in found)
        return 0
    guide = guide_called(parsed.name)
    text = guide.text()
    if format_of(parsed.format) == "tty":
        _draw(text)
    else:
        sys.stdout.write(text)
    return 0


def _draw(text: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text, hyperlinks=False), width=min(console.width, _WIDEST))
