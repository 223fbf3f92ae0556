"""Text from strangers made safe to show: no escape sequence, no control character."""

from __future__ import annotations

import re

# ECMA-48 sequences: CSI; OSC, DCS, SOS, PM, APC up to their terminator; two-character escapes;
# the 8-bit forms of the same. An unended string sequence swallows the rest of its line.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$|(?=\n))"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 except tab and newline, DEL, C1, and what reorders or hides text (bidi, zero width, tags).
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def plain(text: str | bytes) -> str:
    """Return `text` with every escape sequence and control character taken out.

    Tabs become spaces, newlines stay, invalid UTF-8 becomes U+FFFD.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub("", _ESCAPES.sub("", text)).expandtabs(8)


def one_line(text: str | bytes, width: int = 200) -> str:
    """Return `text` made safe, on one line, cut at `width` characters with an ellipsis."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
