"""The contents of the man page, for building a wheel."""

from __future__ import annotations

import argparse

from openhqm_tui.cli.main import build_parser
from openhqm_tui.cli.manual import Section, man_sections


def parser_and_sections() -> tuple[argparse.ArgumentParser, tuple[Section, ...]]:
    """Return the parser without its epilog, and the epilog as sections in roff."""
    parser = build_parser()
    parser.epilog = None
    return parser, tuple((heading, _roff(text)) for heading, text in man_sections())


def _roff(text: str) -> str:
    """Return text in which indented lines are kept as they are and the others are filled."""
    lines, kept = [], False
    for line in text.splitlines():
        if line.startswith(" ") is not kept:
            kept = not kept
            lines.append(".nf" if kept else ".fi")
        escaped = line.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
        # A dot or quote at the start of a line would be a command.
        lines.append(f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped)
    return "\n".join([*lines, *([".fi"] if kept else [])])
