"""Private keys in a log that comes line by line."""

from __future__ import annotations

import re

KEY = b"PRIVATE KEY"
_BEGINS = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_OF_KEY = re.compile(
    rb"\s*(?:[A-Za-z0-9+/=]{1,200}|(?:Proc-Type|DEK-Info|Version|Comment): .{0,100})?\s*"
)
# The longest key has about a hundred.
_MOST_LINES = 200


class KeyLines:
    """Masks the lines of a private key; `left` is for how many more it may go on."""

    def __init__(self) -> None:
        self._left = 0

    @property
    def is_within(self) -> bool:
        """Tell whether the next line may be one of a key."""
        return self._left > 0

    def line(self, line: bytes) -> bytes:
        """Return the next line, `***` where it is one between the first and the last of a key."""
        if KEY in line:
            self._left = _MOST_LINES * bool(_BEGINS.search(line) and b"-----END" not in line)
            return line
        if not self._left:
            return line
        self._left = self._left - 1 if _OF_KEY.fullmatch(line) else 0
        return b"***" if self._left and line.strip() else line
