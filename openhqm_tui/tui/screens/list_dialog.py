"""A dialog with one list, in which keys go up and down."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen
from textual.widgets import OptionList

Answer = TypeVar("Answer")


class ListDialog(ModalScreen[Answer]):
    """Goes through its only OptionList by `step(1)` and `step(-1)`."""

    def action_step(self, rows: int) -> None:
        """Go to the line below or above."""
        options = self.query_one(OptionList)
        if rows > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def begin_with_first(self) -> None:
        """Mark the first line, and have the keys go to the list."""
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()
