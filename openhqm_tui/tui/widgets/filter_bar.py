"""A line for typing words that filter a list."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.tui.command_table import bindings


class FilterBar(Horizontal):
    """Filters while words are typed; hidden without a filter."""

    BINDINGS: ClassVar = bindings("filter")
    DEFAULT_CSS = """
    FilterBar {
        display: none; height: 1; background: $panel;
        & > .filter-sign { width: auto; padding: 0 0 0 1; color: $primary; text-style: bold; }
        & > Input { width: 1fr; background: $panel; padding: 0 1 0 0; }
        & > .filter-count { width: auto; padding: 0 1; color: $text-muted; }
        &.-shown { display: block; }
    }
    """

    class Changed(Message):
        """The words have changed; '' shows everything."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """Typing has ended: the list should be focused; `steps` moves its cursor."""

        def __init__(self, steps: int = 0) -> None:
            super().__init__()
            self.steps = steps

    def compose(self) -> ComposeResult:
        """Build sign, field and count."""
        yield Static("/", classes="filter-sign")
        yield Input(compact=True, placeholder="words in the name")
        yield Static(classes="filter-count")

    @property
    def words(self) -> str:
        """The words of the filter."""
        return self.query_one(Input).value.strip()

    def open(self) -> None:
        """Show the line and focus it."""
        self.add_class("-shown")
        self.query_one(Input).focus()

    def tell(self, shown: int, of: int, what: str) -> None:
        """Show how many of all are shown."""
        self.query_one(".filter-count", Static).update(f"{shown} of {count_text(of, what)}")

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Filter by the current words."""
        event.stop()
        self.post_message(self.Changed(event.value.strip()))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Return to the list and keep the filter."""
        self.set_class(bool(self.words), "-shown")
        self.post_message(self.Left())

    def action_leave(self) -> None:
        """Remove the filter and return to the list."""
        self.clear()
        self.post_message(self.Left())

    def action_next(self, steps: int) -> None:
        """Return to the list and move its cursor."""
        self.post_message(self.Left(steps))

    def clear(self) -> None:
        """Remove the filter."""
        self.query_one(Input).value = ""
        self.remove_class("-shown")
