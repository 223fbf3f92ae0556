"""The last line of the Plan place: what would be built, and the button that builds it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static


class BuildLine(Horizontal):
    """A summary with the button beside it."""

    DEFAULT_CSS = """
    BuildLine {
        height: auto; min-height: 1; padding: 0 1;
        & #summary { width: 1fr; height: auto; max-height: 4; padding: 0 1 0 0; }
        & #build { width: 13; min-width: 13; }
    }
    """

    def compose(self) -> ComposeResult:
        """Build both."""
        yield Static(id="summary")
        yield Button("Build", id="build", compact=True)

    def show(self, words: Content, *, can_build: bool, starting: bool) -> None:
        """Show the summary, and whether the button works."""
        self.query_one("#summary", Static).update(words)
        button = self.query_one("#build", Button)
        button.disabled = not can_build
        button.label = Content("Starting…" if starting else "b Build")
        button.variant = "primary" if can_build else "default"
        button.tooltip = "Build all that is chosen." if can_build else words
