"""What the text of a guide is scrolled by."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import VerticalScroll

from openhqm_tui.tui.commands import bindings


class GuideScroll(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls at once, by the keys of the registry."""

    BINDINGS: ClassVar = bindings("guide")

    def action_lines(self, lines: int) -> None:
        """Show other lines."""
        self.scroll_relative(y=lines, animate=False)

    def action_pages(self, pages: int) -> None:
        """Show another page."""
        self.scroll_relative(y=pages * max(1, self.size.height - 1), animate=False)
