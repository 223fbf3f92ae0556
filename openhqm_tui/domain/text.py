"""Sanitizing untrusted text for display: no escape sequences, no control characters."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import msgspec

# ECMA-48 sequences: CSI; OSC, DCS, SOS, PM, APC up to their terminator; two-character escapes;
# the 8-bit forms of the same. An unterminated string sequence swallows the rest of its line.
SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$|(?=\n))"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 except tab and newline, DEL, C1; characters that reorder or hide text (bidi, zero width,
# fillers, tags), or whose width differs between terminals (variation selectors, skin tones).
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
# Only characters that control a terminal or reorder text, nothing that text may need.
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Many combining marks on one letter overlap the lines above and below; no language needs them.
_MOST_MARKS = 4
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = re.compile(f"({_MARK}{{{_MOST_MARKS}}}){_MARK}+")


def plain(text: str | bytes) -> str:
    """Return `text` without escape sequences and control characters.

    Tabs become spaces, newlines stay, invalid UTF-8 becomes U+FFFD.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROLS.sub("", SEQUENCES.sub("", text))
    return _PILED.sub(r"\1", text).expandtabs(8)


def inert(text: str) -> str:
    """Return `text` on one line without terminal control characters, otherwise unchanged."""
    if text.isascii() and text.isprintable():
        return text
    return _ACTING.sub("", _BREAKS.sub(" ", SEQUENCES.sub("", text)))


def escaped_json(text: str) -> str:
    """Return equivalent JSON with terminal control characters escaped as `\\u202e`."""
    # Controls below U+0020 are always escaped in JSON strings; the others are its layout.
    return _ACTING.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    return character if character == "\n" else f"\\u{ord(character):04x}"


def _inert_value(value: Any) -> Any:
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return tuple(map(inert, value))
    if isinstance(value, dict):
        return {_inert_value(key): _inert_value(one) for key, one in value.items()}
    return value


class Inert(msgspec.Struct, frozen=True):
    """A record whose text is made inert, whatever its origin.

    Text is in its fields, directly or in tuples and dicts; nested records handle their own.
    """

    _AS_IT_IS: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name in self._AS_IT_IS:
                continue
            value = getattr(self, name)
            if (safe := _inert_value(value)) != value:
                msgspec.structs.force_setattr(self, name, safe)


def one_line(text: str | bytes, width: int = 200) -> str:
    """Return sanitized `text` on one line, truncated to `width` characters with an ellipsis."""
    return cut_end(" ".join(plain(text).split()), width)


ELLIPSIS = "…"


def cut_end(text: str, room: int) -> str:
    """Return text of at most `room` characters, without its end if it is longer."""
    return text if len(text) <= room else text[: max(0, room - 1)] + ELLIPSIS
