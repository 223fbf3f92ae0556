"""What differs between two runs, to be scrolled through."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from openhqm_tui.domain.comparison import Comparison
from openhqm_tui.domain.comparison_words import lines_of

_STYLES = {
    "✗": "$text-error bold",
    "▲": "$text-warning",
    "▼": "$text-success",
    "✓": "$text-success",
    "·": "$foreground-muted",
}


class ComparisonView(VerticalScroll, can_focus=True):
    """The lines of a comparison; what is worse is marked, not only coloured."""

    DEFAULT_CSS = """
    ComparisonView { padding: 0 1; & > Static { height: auto; } }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Static(id="comparison-lines"), id=id)

    def show(self, told: Comparison) -> None:
        """Show another comparison from its beginning."""
        lines = [_line(mark, text) for mark, text in lines_of(told)]
        self.query_one(Static).update(Content("\n").join(lines))
        self.scroll_home(animate=False)


def _line(mark: str, text: str) -> Content:
    if not mark:
        return Content.styled(text, "$primary bold")
    return Content.assemble((f" {mark} ", _STYLES[mark]), text)
