"""Dialogs: question, text input, list, keys, quitting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import recent_time_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.command_table import bindings, help_sections
from openhqm_tui.tui.commands.registry import key_words
from openhqm_tui.tui.core.labels import GOING_ON
from openhqm_tui.tui.history.past_runs import PastRun

if TYPE_CHECKING:
    from openhqm_tui.tui.core.session import Session


_KEYS_WIDTH = 14
# The least and the most columns for the description of a key, and those around it: the margin,
# frame, padding and scroll bar of the dialog.
_HELP_WIDTHS = (16, 52)
_FRAME_WIDTH = 13
_ALSO = (
    "Esc closes · Ctrl+P opens the command palette\n"
    "Screen reader: `openhqm-tui build --format plain` prints plain text"
)


class QuestionDialog(ModalScreen[str]):
    """A question with buttons; the first is the default, Esc gives `leave` or the last."""

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
        """Build text and buttons."""
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
        """Focus the default button."""
        self.query(Button).first().focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Return the selected line."""
        self.dismiss(event.button.id or "")

    def action_close(self) -> None:
        """Choose the button that changes nothing."""
        self.dismiss(self._leave)

    def key_left(self) -> None:
        """Go to the previous button."""
        self.focus_previous(Button)

    def key_right(self) -> None:
        """Go to the next button."""
        self.focus_next(Button)

    def key_up(self) -> None:
        """Scroll a long text up."""
        self.query_one(".dialog-text").scroll_up(animate=False)

    def key_down(self) -> None:
        """Scroll a long text down."""
        self.query_one(".dialog-text").scroll_down(animate=False)

    def key_pageup(self) -> None:
        """Scroll a long text up by a page."""
        self.query_one(".dialog-text").scroll_page_up(animate=False)

    def key_pagedown(self) -> None:
        """Scroll a long text down by a page."""
        self.query_one(".dialog-text").scroll_page_down(animate=False)


class InputDialog(ModalScreen[str]):
    """One line of text, validated while it is typed; Esc gives ''."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = bindings("dialog")

    def __init__(self, title: str, hint: str, check: Callable[[str], object]) -> None:
        super().__init__()
        self._title, self._hint, self._check = title, hint, check

    def compose(self) -> ComposeResult:
        """Build the field and its error message."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._title, "bold"), classes="dialog-title")
            yield Input(placeholder=self._hint, compact=True)
            yield Static(classes="dialog-problem")

    @on(Input.Changed)
    def say(self, event: Input.Changed) -> None:
        """Show what is wrong with the input."""
        self.query_one(".dialog-problem", Static).update(self._problem(event.value))

    @on(Input.Submitted)
    def done(self, event: Input.Submitted) -> None:
        """Return the text if it is valid."""
        if event.value and not self._problem(event.value).plain:
            self.dismiss(event.value)

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss("")

    def _problem(self, text: str) -> Content:
        try:
            if text:
                self._check(text)
        except Problem as problem:
            return Content.styled(f"✗ {problem}", "$text-error")
        return Content("")


class HelpDialog(ModalScreen[None]):
    """The keys of one place, from the registry, in a list that scrolls."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = [*bindings("dialog"), ("question_mark,q", "close")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-high")]  # noqa: RUF012

    def __init__(self, place: str, keymap: dict[str, str]) -> None:
        super().__init__()
        self._place, self._keymap = place, keymap

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(classes="dialog -tall"):
            yield Static(Content.styled("Keys", "bold"), classes="dialog-title")
            with VerticalScroll(classes="dialog-text"):
                yield Static(self._text(self.app.size.width), id="key-list")
            yield Static(Content.styled(_ALSO, "$foreground-muted"), classes="dialog-also")

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the texts to the new width."""
        self.query_one("#key-list", Static).update(self._text(event.size.width))

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)

    def _text(self, width: int) -> Content:
        room = max(_HELP_WIDTHS[0], min(_HELP_WIDTHS[1], width - _KEYS_WIDTH - _FRAME_WIDTH))
        lines = []
        for title, found in help_sections(self._place):
            lines.append(Content.styled(title, "$primary bold"))
            for command in found:
                keys = key_words(self._keymap.get(command.id, command.keys))
                first, *rest = wrap(command.help, room)
                lines.append(Content.assemble((f"  {keys:<{_KEYS_WIDTH}}", "bold"), first))
                lines += [Content(" " * (_KEYS_WIDTH + 2) + line) for line in rest]
            lines.append(Content(""))
        return Content("\n").join(lines[:-1])


Answer = TypeVar("Answer")


class ListDialog(ModalScreen[Answer]):
    """A dialog whose only OptionList is navigated by `step(1)` and `step(-1)`."""

    def action_step(self, rows: int) -> None:
        """Go to the next or previous line."""
        options = self.query_one(OptionList)
        if rows > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def begin_with_first(self) -> None:
        """Select the first line, and focus the list."""
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()


class ChooseRun(ListDialog[PastRun]):
    """The runs in progress, latest first; Esc gives None."""

    CSS_PATH = ["dialogs.tcss", "choose_run.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-high")]  # noqa: RUF012

    def __init__(self, runs: Sequence[PastRun], now: float) -> None:
        super().__init__()
        self._runs, self._now = runs, now

    def compose(self) -> ComposeResult:
        """Build the list."""
        title = f"{len(self._runs)} runs are in progress. Which one do you want to open?"
        with Vertical(classes="dialog"):
            yield Static(Content.styled(title, "bold"), classes="dialog-title")
            yield OptionList(
                *(Option(_words(run, self._now)) for run in self._runs),
                id="live-runs",
                compact=True,
                markup=False,
            )
            with Horizontal(classes="dialog-answers"):
                yield Button("Open", id="open", compact=True)
                yield Button("Cancel", id="none", compact=True)

    def on_mount(self) -> None:
        """Select the latest."""
        self.begin_with_first()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Return the selected line."""
        self.dismiss(self._runs[event.option_index])

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Return the selected run, or None."""
        marked = self.query_one(OptionList).highlighted
        opens = event.button.id == "open" and marked is not None
        self.dismiss(self._runs[marked or 0] if opens else None)

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)


def _words(run: PastRun, now: float) -> Content:
    over = f"{run.over}/{len(run.targets)} done"
    return Content.assemble(
        (f"{GOING_ON.symbol} ", GOING_ON.style),
        (f"since {recent_time_text(run.created, now)}", "bold"),
        f" · {over} · {run.folder.path.name}\n",
        f"  {one_line(', '.join(run.targets), 200)}",
    )


class Leave(QuestionDialog):
    """Asks what to do with a run in progress; a second `q` keeps it running."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [("q", "leave")]  # noqa: RUF012

    def action_leave(self) -> None:
        """Choose the first button."""
        self.dismiss("leave")


def leave(session: Session) -> None:
    """Quit; ask first during a live run or a fix."""
    if isinstance(session.app.screen, Leave):
        session.app.screen.action_leave()
    elif (not session.run_is_live or session.player) and session.fix_runner is None:
        session.app.exit(0)
    elif len(session.app.screen_stack) == 1:
        session.app.push_screen(_question(session), partial(_answered, session))


def _question(session: Session) -> Leave:
    if session.fix_runner is not None:
        return Leave(
            "A fix is running.",
            Content("Quitting stops the fix; changes made so far remain."),
            [("leave", "Stop fix and quit"), ("no", "Stay")],
        )
    cancel = [] if session.backend.read_only else [("cancel", "Cancel run")]
    how = "reload the page" if session.app.is_web else "run `openhqm-tui`"
    return Leave(
        "A run is in progress.",
        Content(f"It continues without the console; {how} to return to it."),
        [("leave", "Keep running"), *cancel, ("no", "Stay")],
    )


def _answered(session: Session, answer: str | None) -> None:
    if answer == "cancel" and session.run_folder is not None and not session.backend.read_only:
        # Not in a thread, which would start too late.
        try:
            session.run_folder.append_request(Request("cancel"))
        except OSError as error:
            session.app.notify(
                f"can't cancel the run ({error.strerror})", severity="error", markup=False
            )
            return
    if answer in {"leave", "cancel"}:
        session.app.exit(0)
