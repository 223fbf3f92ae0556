"""A question over the Plan place: which Buildx builder."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.problems import Problem
from openhqm_tui.engine.builders import Builder
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.words import count

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


class ChooseBuilder(ModalScreen[Builder]):
    """The builders there are, those that can't be used with the reason; leaving gives None."""

    CSS_PATH = ["dialogs.tcss", "choose_builder.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)")]

    class Listed(Message):
        """The builders were listed, or why they could not be."""

        def __init__(self, builders: list[Builder], problem: str) -> None:
            super().__init__()
            self.builders = builders
            self.problem = problem

    def __init__(self, context: str, chosen: str) -> None:
        super().__init__()
        self._engine, self._chosen = context, chosen
        self._builders: list[Builder] = []

    def compose(self) -> ComposeResult:
        """Build the list, empty as yet."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Build with", "bold"), classes="dialog-title")
            yield Static("asking Buildx for its builders…", id="builders-note")
            yield OptionList(id="builders", compact=True, markup=False)
            with Horizontal(classes="dialog-answers"):
                yield Button("Leave it", id="leave", compact=True)

    def on_mount(self) -> None:
        """Have them listed."""
        self._list()

    @work(thread=True, exclusive=True, group="builders")
    def _list(self) -> None:
        services = cast("ConsoleApp", self.app).services
        try:
            self.post_message(self.Listed(services.builders(), ""))
        except (Problem, OSError) as problem:
            self.post_message(self.Listed([], str(problem)))

    @on(Listed)
    def listed(self, message: Listed) -> None:
        """Show them."""
        self._builders = message.builders
        note = self.query_one("#builders-note", Static)
        note.display = not message.builders
        note.update(Content(message.problem or "Buildx has no builder"))
        options = self.query_one(OptionList)
        for builder in message.builders:
            refusal = builder.refusal(self._engine)
            options.add_option(Option(_words(builder, refusal), disabled=bool(refusal)))
        for index, builder in enumerate(message.builders):
            chosen = builder.name == self._chosen if self._chosen else builder.current
            if chosen and not builder.refusal(self._engine):
                options.highlighted = index
        options.focus()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the answer."""
        self.dismiss(self._builders[event.option_index])

    def action_step(self, rows: int) -> None:
        """Go to the builder below or above."""
        options = self.query_one(OptionList)
        if rows > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(Button.Pressed)
    def left(self) -> None:
        """Leave with nothing."""
        self.dismiss(None)

    def action_close(self) -> None:
        """Leave with nothing."""
        self.dismiss(None)


def _words(builder: Builder, refusal: str) -> Content:
    states = ", ".join(builder.statuses)
    facts = [builder.driver, count(len(builder.nodes), "node"), states]
    words = Content.assemble(
        (one_line(builder.name, 40), "bold"),
        f"  {one_line(' · '.join(fact for fact in facts if fact), 80)}",
        "  (selected in Buildx)" if builder.current else "",
    )
    if not refusal:
        return words
    return Content.assemble(words, "\n", (f"  ✗ {one_line(refusal)}", "$text-error"))
