"""The line below a log in which an expression is typed; the log shows what it finds meanwhile."""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.tui.command_table import bindings


class Searchable(Protocol):
    """What the bar needs of the log that it searches."""

    def search(self, text: str) -> None: ...
    def end_typing(self, *, keep: bool, focus: bool = True) -> None: ...
    def action_next(self, direction: int) -> None: ...


class SearchBar(Horizontal):
    """Searches its pane while it is typed in."""

    BINDINGS: ClassVar = bindings("typed")
    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        background: $panel;
        & > .search-sign { width: auto; padding: 0 0 0 1; color: $primary; text-style: bold; }
        & > Input { width: 1fr; background: $panel; padding: 0 1 0 0; }
        & > .search-count { width: auto; max-width: 70%; padding: 0 1; }
    }
    """

    def __init__(self, pane: Searchable, text: str = "") -> None:
        super().__init__()
        self._pane = pane
        self._text = text

    def compose(self) -> ComposeResult:
        """Build sign, field and count."""
        yield Static("/", classes="search-sign")
        yield Input(self._text, compact=True, placeholder="regular expression")
        yield Static(classes="search-count")

    def on_mount(self) -> None:
        """Type here from now on."""
        self.query_one(Input).focus()

    def tell(self, words: Content | str) -> None:
        """Say what was found so far."""
        if self.is_mounted:
            self.query_one(".search-count", Static).update(words)

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Search for what is typed so far."""
        event.stop()
        try:
            self._pane.search(event.value)
        except Problem as problem:
            self.tell(Content.styled(f"✗ {problem}", "$text-error"))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Keep what was typed."""
        event.stop()
        self.action_keep()

    @on(Input.Blurred)
    def left(self, event: Input.Blurred) -> None:
        """Keep what was typed when one clicks elsewhere."""
        event.stop()
        self._pane.end_typing(keep=True, focus=False)

    def action_keep(self) -> None:
        """Return to the log and keep the search."""
        self._pane.end_typing(keep=True)

    def action_leave(self) -> None:
        """Go back to where one was, the search forgotten."""
        self._pane.end_typing(keep=False)

    def action_next(self, direction: int) -> None:
        """Go to the next match, or, with -1, to the one before."""
        self._pane.action_next(direction)
