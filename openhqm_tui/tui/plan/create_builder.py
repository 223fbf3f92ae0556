"""The form for a new builder, with its commands before they run."""

from __future__ import annotations

from threading import Event
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.builders import DRIVERS, NewBuilder, new_builder
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.builders import command_words
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.session import session_of

_FIELDS = (
    ("name", "name", "arm-farm"),
    ("nodes", "nodes", "default: this engine; or [PLATFORMS=]ENDPOINT, separated by spaces"),
    ("options", "options", "driver options K=V, separated by spaces"),
)


class CreateBuilder(ModalScreen[str]):
    """Name, driver, nodes and options; gives the name of what was made, '' for nothing."""

    CSS_PATH = ["../widgets/dialogs.tcss", "create_builder.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = bindings("dialog")

    class Told(Message):
        """A command is about to run."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class Ended(Message):
        """The builder is there, or why it isn't."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self._driver = DRIVERS[0]
        self._stop: Event | None = None
        self._name = ""

    def compose(self) -> ComposeResult:
        """Build the fields, the commands and the answers."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled("New builder", "bold"), classes="dialog-title")
            for id, label, hint in _FIELDS:
                with Horizontal(classes="field"):
                    yield Label(label)
                    yield Input(id=id, placeholder=hint, compact=True)
                if id == "name":
                    with Horizontal(classes="field"):
                        yield Label("driver")
                        yield Button("", id="driver", compact=True)
            with VerticalScroll(id="commands-box", can_focus=False):
                yield Static(id="commands")
            yield Static(id="create-problem")
            with Horizontal(classes="dialog-answers"):
                yield Button("Create", id="make", compact=True, variant="primary")
                yield Button("Cancel", id="leave", compact=True)

    def on_mount(self) -> None:
        """Explain the fields to the mouse, and begin with the name."""
        for id, words in (
            ("name", "Letters, digits and . _ -; starts with a letter."),
            ("driver", "Enter or a click switches to the next driver."),
            ("nodes", "linux/arm64=ssh://me@arm1 linux/amd64=default"),
            ("options", "image=registry.example/buildkit network=host"),
        ):
            self.query_one(f"#{id}").tooltip = words
        # Who presses it twice means twice.
        self.query_one("#driver", Button).active_effect_duration = 0
        self._show()
        self.query_one("#name").focus()

    @property
    def working(self) -> bool:
        """Return whether it is being made."""
        return self._stop is not None

    def read(self) -> NewBuilder:
        """Return what is written; raises UsageProblem."""
        name, nodes, options = (self.query_one(f"#{id}", Input).value for id, *_ in _FIELDS)
        return new_builder(name.strip(), self._driver, nodes.split(), options.split())

    @on(Button.Pressed, "#driver")
    def next_driver(self) -> None:
        """Switch to the next driver."""
        at = DRIVERS.index(self._driver)
        self._driver = DRIVERS[(at + 1) % len(DRIVERS)]
        self._show()

    @on(Input.Changed)
    def changed(self) -> None:
        """Show what would be run now."""
        self._show()

    @on(Input.Submitted)
    @on(Button.Pressed, "#make")
    def make(self) -> None:
        """Make it, or say what is wrong."""
        if self.working:
            return
        try:
            new = self.read()
        except Problem as problem:
            self._say(str(problem))
            return
        self._stop, self._name = Event(), new.name
        self._enable(False)
        self._make(new, self._stop)

    @work(thread=True, group="change")
    def _make(self, new: NewBuilder, stop: Event) -> None:
        backend = session_of(self).backend

        def say(command: str) -> None:
            self.post_message(self.Told(command))

        try:
            backend.create_builder(new, say, stop)
            self.post_message(self.Ended(""))
        except (Problem, OSError) as problem:
            self.post_message(self.Ended(str(problem)))

    @on(Told)
    def told(self, message: Told) -> None:
        """Show what runs."""
        words = f"▸ {one_line(message.command, 200)} · Esc stops"
        self.query_one("#create-problem", Static).update(Content(words))

    @on(Ended)
    def ended(self, message: Ended) -> None:
        """Leave with the name, or say why there is none."""
        self._stop = None
        if not message.problem:
            self.dismiss(self._name)
            return
        self._enable(True)
        self._say(message.problem)

    @on(Button.Pressed, "#leave")
    def action_close(self) -> None:
        """Close without an answer; while it is being made, stop that first."""
        if self._stop is None:
            self.dismiss("")
        else:
            self._stop.set()
            self.query_one("#create-problem", Static).update(Content("stopping…"))

    def _enable(self, enabled: bool) -> None:
        for id in ("name", "driver", "nodes", "options", "make"):
            self.query_one(f"#{id}").disabled = not enabled
        self.query_one("#leave", Button).label = "Cancel" if enabled else "Stop"
        self.query_one("#name" if enabled else "#leave").focus()

    def _show(self) -> None:
        self.query_one("#driver", Button).label = Content(f"{self._driver} ▾")
        commands = self.query_one("#commands", Static)
        try:
            new = self.read()
        except Problem as problem:
            commands.update(Content.styled("the commands are shown here", "$foreground-muted"))
            written = any(field.value for field in self.query(Input))
            self._say(str(problem) if written else "")
            return
        lines = [f"$ {one_line(command_words(command), 500)}" for command in new.commands()]
        commands.update(Content("\n".join(lines)))
        self._say("")

    def _say(self, problem: str) -> None:
        told = Content.styled(f"✗ {one_line(problem, 500)}", "$text-error") if problem else ""
        self.query_one("#create-problem", Static).update(told)
