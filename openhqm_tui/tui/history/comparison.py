"""Two runs compared in a thread, and shown."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.history.comparison import Comparison, compare, lines_of
from openhqm_tui.tui.core.backend import Backend

_STYLES = {
    "✗": "$text-error bold",
    "▲": "$text-warning",
    "▼": "$text-success",
    "✓": "$text-success",
    "·": "$foreground-muted",
}


class ComparisonView(VerticalScroll, can_focus=True):
    """The lines of a comparison; what is worse is marked, not only colored."""

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


class ComparisonRead(Message):
    """The comparison of two runs, or why there is none."""

    def __init__(self, told: Comparison | str) -> None:
        super().__init__()
        self.told = told


class ComparisonLoader:
    """Compares runs for `screen`, which gets the answer as a message."""

    def __init__(self, screen: Widget, backend: Backend) -> None:
        self._screen, self._backend = screen, backend

    def compare(self, one: str, other: str) -> None:
        """Compare two runs, the earlier first; `Compared` follows."""

        def work() -> None:
            told: Comparison | str
            try:
                told = compare(self._backend.whole_run(one), self._backend.whole_run(other))
            except Problem as problem:
                told = str(problem)
            self._screen.post_message(ComparisonRead(told))

        self._screen.run_worker(work, thread=True, exclusive=True, group="compare")
