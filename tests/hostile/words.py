"""A word that would act on a terminal or break a line, and what is left of it in a text."""

from __future__ import annotations

import re

# What a reader of right-to-left scripts needs is left alone.
LETTERS = "שלום"
# Our own output has SGR and cursor sequences too; none of them with this number.
_OWN = "777"
# After each newline stands the mark of the field, so a line that begins so was broken by it.
_ACTS = (
    f"\x1b]52;c;{_OWN}\x07\x1b]0;{_OWN}\x1b\\\x1bP{_OWN}\x1b\\\x1b[{_OWN}m\x9b{_OWN}m\x9d{_OWN}\x9c"
    "\x1b\x00\x01\x07\x08\x0b\x0c\x1f\x7f\x80\x85\x9f\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SEQUENCE = re.compile(rf"\x1b\[(?!\??{_OWN})[0-9;?]*[A-Za-z]")
# What our own outputs put before a text on a line of its own: indents, bars, marks.
_BROKEN = re.compile(r"(?m)^[\s│┃|>▌▏·]*(qz\d+z)")


def hostile(number: int) -> str:
    """Return the word of the field with that number."""
    mark = f"qz{number}z"
    return f"{mark}{_ACTS}\n{mark}\r{mark}\u2028{mark}'; id; echo \"$(id)`id`{LETTERS}"


def unclean(text: str, *, colored: bool = False) -> list[str]:
    """Return what of a text acts on a terminal; with `colored` our own sequences don't count."""
    if colored:
        text = _SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return [
        f"{found[0]!r} in {text[max(0, found.start() - 60) : found.end() + 20]!r}"
        for found in list(_UNCLEAN.finditer(text))[:3]
    ]


def broken(text: str) -> set[int]:
    """Return the numbers of the fields whose newline began a line of a text."""
    return {int(found[1][2:-1]) for found in _BROKEN.finditer(text)}
