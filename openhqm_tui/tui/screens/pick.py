"""One line out of several, over whatever is in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.screens.list_dialog import ListDialog


class Pick(ListDialog[int | None]):
    """Gives the place of the chosen line; leaving gives None."""

    CSS_PATH = ["dialogs.tcss", "pick.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)"), ("q", "close")]

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self.title_words, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self.title_words, "bold"), classes="dialog-title")
            yield OptionList(
                *(Option(line) for line in self._lines), id="pick", compact=True, markup=False
            )

    def on_mount(self) -> None:
        """Begin with the first."""
        self.begin_with_first()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the answer."""
        self.dismiss(event.option_index)

    def on_click(self, event: events.Click) -> None:
        """Leave by a click beside the list."""
        if event.widget is self:
            self.action_close()

    def action_close(self) -> None:
        """Leave with nothing."""
        self.dismiss(None)
