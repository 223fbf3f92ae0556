"""A question at the start: which of the runs that go on is to be opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import GOING_ON
from openhqm_tui.tui.past import PastRun
from openhqm_tui.tui.screens.list_dialog import ListDialog
from openhqm_tui.tui.words import since


class ChooseRun(ListDialog[PastRun]):
    """The runs that go on, the latest first; leaving gives None."""

    CSS_PATH = ["dialogs.tcss", "choose_run.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-high")]  # noqa: RUF012

    def __init__(self, runs: Sequence[PastRun], now: float) -> None:
        super().__init__()
        self._runs, self._now = runs, now

    def compose(self) -> ComposeResult:
        """Build the list."""
        title = f"{len(self._runs)} runs are going on: which one is to be opened?"
        with Vertical(classes="dialog"):
            yield Static(Content.styled(title, "bold"), classes="dialog-title")
            yield OptionList(
                *(Option(_words(run, self._now)) for run in self._runs),
                id="live-runs",
                compact=True,
                markup=False,
            )
            with Horizontal(classes="dialog-answers"):
                yield Button("Open it", id="open", compact=True)
                yield Button("None of them", id="none", compact=True)

    def on_mount(self) -> None:
        """Begin with the latest."""
        self.begin_with_first()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the answer."""
        self.dismiss(self._runs[event.option_index])

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Give what is marked, or nothing."""
        marked = self.query_one(OptionList).highlighted
        opens = event.button.id == "open" and marked is not None
        self.dismiss(self._runs[marked or 0] if opens else None)

    def action_close(self) -> None:
        """Leave with nothing."""
        self.dismiss(None)


def _words(run: PastRun, now: float) -> Content:
    over = f"{run.over}/{len(run.targets)} over"
    return Content.assemble(
        (f"{GOING_ON.symbol} ", GOING_ON.style),
        (f"since {since(run.created, now)}", "bold"),
        f" · {over} · {run.folder.path.name}\n",
        f"  {one_line(', '.join(run.targets), 200)}",
    )
