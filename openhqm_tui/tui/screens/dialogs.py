"""Questions over a place: yes or no, one line of text, the keys."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from openhqm_tui.domain.problems import Problem
from openhqm_tui.tui.commands import bindings, help_sections, key_words

_KEYS_WIDTH = 14
_HELP_WIDTH = 52
_ALSO = (
    "Esc closes · Ctrl+p finds commands by name\n"
    "Screen reader? `openhqm-tui build --format plain` says all of it"
)


class Ask(ModalScreen[str]):
    """A question with a few answers; the first is the default, leaving is `leave`, or the last."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = bindings("dialog")
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (70, "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-high")]  # noqa: RUF012

    def __init__(
        self, title: str, text: Content, answers: list[tuple[str, str]], leave: str = ""
    ) -> None:
        super().__init__()
        self._title, self._text, self._answers = title, text, answers
        self._leave = leave or answers[-1][0]

    def compose(self) -> ComposeResult:
        """Build text and answers."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._title, "bold"), classes="dialog-title")
            with VerticalScroll(classes="dialog-text", can_focus=False):
                yield Static(self._text)
            with Horizontal(classes="dialog-answers"):
                for index, (key, words) in enumerate(self._answers):
                    yield Button(
                        Content(words),
                        id=key,
                        variant="primary" if index == 0 else "default",
                        compact=True,
                    )

    def on_mount(self) -> None:
        """Put the focus on the default."""
        self.query(Button).first().focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Give the answer."""
        self.dismiss(event.button.id or "")

    def action_close(self) -> None:
        """Leave with the answer that changes nothing."""
        self.dismiss(self._leave)

    def key_left(self) -> None:
        """Go to the answer before."""
        self.focus_previous(Button)

    def key_right(self) -> None:
        """Go to the next answer."""
        self.focus_next(Button)

    def key_up(self) -> None:
        """Show earlier lines of a long text."""
        self.query_one(".dialog-text").scroll_up(animate=False)

    def key_down(self) -> None:
        """Show later lines of a long text."""
        self.query_one(".dialog-text").scroll_down(animate=False)

    def key_pageup(self) -> None:
        """Show an earlier page of a long text."""
        self.query_one(".dialog-text").scroll_page_up(animate=False)

    def key_pagedown(self) -> None:
        """Show a later page of a long text."""
        self.query_one(".dialog-text").scroll_page_down(animate=False)


class AskLine(ModalScreen[str]):
    """One line of text, checked while it is typed; leaving gives ''."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = bindings("dialog")

    def __init__(self, title: str, hint: str, check: Callable[[str], object]) -> None:
        super().__init__()
        self._title, self._hint, self._check = title, hint, check

    def compose(self) -> ComposeResult:
        """Build the field and what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._title, "bold"), classes="dialog-title")
            yield Input(placeholder=self._hint, compact=True)
            yield Static(classes="dialog-problem")

    @on(Input.Changed)
    def say(self, event: Input.Changed) -> None:
        """Say what is wrong so far."""
        self.query_one(".dialog-problem", Static).update(self._problem(event.value))

    @on(Input.Submitted)
    def done(self, event: Input.Submitted) -> None:
        """Give what was written, if it is right."""
        if event.value and not self._problem(event.value).plain:
            self.dismiss(event.value)

    def action_close(self) -> None:
        """Leave with nothing."""
        self.dismiss("")

    def _problem(self, text: str) -> Content:
        try:
            if text:
                self._check(text)
        except Problem as problem:
            return Content.styled(f"✗ {problem}", "$text-error")
        return Content("")


class Help(ModalScreen[None]):
    """The keys of one place, from the registry."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = [*bindings("dialog"), ("question_mark,q", "close")]

    def __init__(self, place: str, keymap: dict[str, str]) -> None:
        super().__init__()
        self._place, self._keymap = place, keymap

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(classes="dialog -tall"):
            yield Static(Content.styled("Keys", "bold"), classes="dialog-title")
            with VerticalScroll(classes="dialog-text"):
                yield Static(self._text())
            yield Static(Content.styled(_ALSO, "$foreground-muted"), classes="dialog-also")

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    def _text(self) -> Content:
        lines = []
        for title, found in help_sections(self._place):
            lines.append(Content.styled(title, "$primary bold"))
            for command in found:
                keys = key_words(self._keymap.get(command.id, command.keys))
                first, *rest = wrap(command.help, _HELP_WIDTH)
                lines.append(Content.assemble((f"  {keys:<{_KEYS_WIDTH}}", "bold"), first))
                lines += [Content(" " * (_KEYS_WIDTH + 2) + line) for line in rest]
            lines.append(Content(""))
        return Content("\n").join(lines[:-1])
