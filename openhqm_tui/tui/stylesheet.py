"""Textual's stylesheet, but what was read once is not read again while the colours stay.

Textual reads all of it anew with every screen that brings rules of its own: a third of the time
to the first paint.
"""

from __future__ import annotations

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

# More than Textual's and our own sheets together; beyond its limit an LRU that is swept in order
# finds nothing any more.
_SHEETS = 512


class ReadOnce(Stylesheet):
    """A stylesheet that keeps its rules until the colours change."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(_SHEETS)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take other colours; the same ones change nothing."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Read what is new."""
        self.parse()
