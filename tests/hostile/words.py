"""A word that would affect a terminal or break a line, and the search for it in a text."""

from __future__ import annotations

import re

# Right-to-left letters are kept.
LETTERS = "שלום"
# Our own output also has SGR and cursor sequences, but none with this number.
_OWN = "777"
# Each newline is followed by the mark of the field, which identifies a line broken by it.
_ACTS = (
    f"\x1b]52;c;{_OWN}\x07\x1b]0;{_OWN}\x1b\\\x1bP{_OWN}\x1b\\\x1b[{_OWN}m\x9b{_OWN}m\x9d{_OWN}\x9c"
    "\x1b\x00\x01\x07\x08\x0b\x0c\x1f\x7f\x80\x85\x9f\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SEQUENCE = re.compile(rf"\x1b\[(?!\??{_OWN})[0-9;?]*[A-Za-z]")
# Prefixes of our own output: indentation, bars, marks.
_BROKEN = re.compile(r"(?m)^[\s│┃|>▌▏·]*(qz\d+z)")


def hostile(number: int) -> str:
    """Return the hostile word of the field with this number."""
    mark = f"qz{number}z"
    return f"{mark}{_ACTS}\n{mark}\r{mark}\u2028{mark}'; id; echo \"$(id)`id`{LETTERS}"


def unclean(text: str, *, colored: bool = False) -> list[str]:
    """Return the control characters in a text; with `colored`, without our own sequences."""
    if colored:
        text = _SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return [
        f"{found[0]!r} in {text[max(0, found.start() - 60) : found.end() + 20]!r}"
        for found in list(_UNCLEAN.finditer(text))[:3]
    ]


def broken(text: str) -> set[int]:
    """Return the numbers of the fields whose newline starts a line of a text."""
    return {int(found[1][2:-1]) for found in _BROKEN.finditer(text)}
