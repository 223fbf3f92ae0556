"""Textual's stylesheet, but what was read once is not read again while the colours stay.

Textual reads all of it anew with every screen that brings rules of its own: a third of the time
to the first paint.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class ReadOnce(Stylesheet):
    """A stylesheet that keeps its rules until the colours change."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take other colours; the same ones change nothing."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Read what is new."""
        self.parse()
