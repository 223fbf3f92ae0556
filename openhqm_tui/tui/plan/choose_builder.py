"""The dialog of Buildx builders: choose, create or remove one."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.plan.builders import remove_command
from openhqm_tui.domain.plan.nodes import Node
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.builders import Builder, command_words
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import short
from openhqm_tui.tui.core.session import session_of
from openhqm_tui.tui.plan.create_builder import CreateBuilder
from openhqm_tui.tui.widgets.dialogs import ListDialog, QuestionDialog

_SEVERAL = 6
_LIKELY = {"amd64", "arm64"}


def builder_line(builder: Builder, refusal: str) -> Content:
    """Return name, driver and status of a builder, and why it can't be used."""
    facts = [builder.driver, count_text(len(builder.nodes), "node"), ", ".join(builder.statuses)]
    words = Content.assemble(
        (one_line(builder.name, 40), "bold"),
        f"  {one_line(' · '.join(fact for fact in facts if fact), 80)}",
        "  (selected in Buildx)" if builder.current else "",
    )
    if not refusal:
        return words
    return Content.assemble(words, "\n", (f"  ✗ {one_line(refusal)}", "$text-error"))


def node_lines(builder: Builder) -> Content:
    """Return endpoint, status and platforms of each node."""
    if not builder.nodes:
        return Content.styled("no nodes", "$foreground-muted")
    return Content("\n").join(line for node in builder.nodes for line in _node(node))


def _node(node: Node) -> list[Content]:
    where = one_line(" · ".join(filter(None, (node.endpoint, node.status))), 120)
    first = Content.assemble((one_line(node.name, 40), "bold"), f"  {where}")
    if node.native is None and not node.platforms:
        ways = "platforms are known once it is started"
    else:
        native = f"native {node.native}" if node.native is not None else "native unknown"
        # The rest is counted where there are many: never what most images are built for.
        likely = sorted(node.emulated, key=lambda platform: platform.arch not in _LIKELY)
        emulated = [short(platform) for platform in likely]
        told = ", ".join(emulated[:_SEVERAL])
        if len(emulated) > _SEVERAL:
            told += f" and {len(emulated) - _SEVERAL} more"
        ways = f"{native} · emulated {told}" if told else f"{native} only"
    lines = [first, Content.styled(f"  {ways}", "$foreground-muted")]
    if node.error:
        lines.append(Content.styled(f"  ✗ {one_line(node.error)}", "$text-error"))
    return lines


class ChooseBuilder(ListDialog[Builder]):
    """The builders there are, those that can't be used with the reason; leaving gives None.

    Who leaves after the chosen one was removed is given the one that Buildx has selected.
    """

    CSS_PATH = ["../widgets/dialogs.tcss", "choose_builder.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), *bindings("builders")]

    class Listed(Message):
        """The builders, or why they could not be listed; `mark` is to be selected."""

        def __init__(self, builders: list[Builder], problem: str, mark: str) -> None:
            super().__init__()
            self.builders = builders
            self.problem = problem
            self.mark = mark

    class Removed(Message):
        """A builder was removed, or why it could not be."""

        def __init__(self, name: str, problem: str) -> None:
            super().__init__()
            self.name = name
            self.problem = problem

    def __init__(self, context: str, chosen: str) -> None:
        super().__init__()
        self._engine, self._chosen = context, chosen
        self._builders: list[Builder] = []
        self._chosen_is_gone = False
        self._working = ""

    def compose(self) -> ComposeResult:
        """Build the list, empty as yet."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Build with", "bold"), classes="dialog-title")
            yield Static("listing builders…", id="builders-note")
            yield OptionList(id="builders", compact=True, markup=False)
            with VerticalScroll(id="nodes-box", can_focus=False):
                yield Static(id="nodes")
            yield Static(id="builders-problem")
            with Horizontal(classes="dialog-answers"):
                yield Button("Use", id="use", compact=True, variant="primary")
                yield Button("n New…", id="new", compact=True)
                yield Button("x Remove…", id="remove", compact=True)
                yield Button("Cancel", id="leave", compact=True)

    def on_mount(self) -> None:
        """Have them listed."""
        self._show_answers()
        self._list("")

    @property
    def marked(self) -> Builder | None:
        """The builder that the cursor is on."""
        at = self.query_one(OptionList).highlighted
        return self._builders[at] if at is not None and at < len(self._builders) else None

    @work(thread=True, exclusive=True, group="builders")
    def _list(self, mark: str) -> None:
        backend = session_of(self).backend
        try:
            self.post_message(self.Listed(backend.builders(), "", mark))
        except (Problem, OSError) as problem:
            self.post_message(self.Listed([], str(problem), mark))

    @work(thread=True, group="change")
    def _remove(self, name: str) -> None:
        backend = session_of(self).backend
        try:
            backend.remove_builder(name, lambda _: None)
            self.post_message(self.Removed(name, ""))
        except (Problem, OSError) as problem:
            self.post_message(self.Removed(name, str(problem)))

    @on(Listed)
    def listed(self, message: Listed) -> None:
        """Show them."""
        self._builders = message.builders
        note = self.query_one("#builders-note", Static)
        note.display = not message.builders
        note.update(Content(message.problem or "Buildx has no builders"))
        options = self.query_one(OptionList)
        options.clear_options()
        for builder in message.builders:
            options.add_option(Option(builder_line(builder, builder.refusal(self._engine))))
        names = [builder.name for builder in message.builders]
        selected = next((b.name for b in message.builders if b.current), "")
        for name in (message.mark, self._chosen, selected, *names):
            if name in names:
                options.highlighted = names.index(name)
                break
        options.focus()
        self._show_marked()

    @on(Removed)
    def removed(self, message: Removed) -> None:
        """Show what is left, or why it could not be removed."""
        self._working = ""
        if message.problem:
            self._say(message.problem)
        else:
            self._chosen_is_gone |= message.name == self._chosen
            self._list("")
        self._show_answers()

    @on(OptionList.OptionHighlighted)
    def moved(self) -> None:
        """Show the nodes of the selected builder."""
        self._say("")
        self._show_marked()

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#use")
    def selected(self) -> None:
        """Close with the marked builder, or show why it can't be used."""
        if (builder := self.marked) is None:
            return
        if refusal := builder.refusal(self._engine):
            self._say(f"{builder.name} {refusal}")
        else:
            self.dismiss(builder)

    @on(Button.Pressed, "#new")
    def action_create(self) -> None:
        """Create a builder."""
        if not self._working:
            self.app.push_screen(CreateBuilder(), self._created)

    @on(Button.Pressed, "#remove")
    def action_remove(self) -> None:
        """Remove the selected builder after confirmation."""
        builder = self.marked
        if builder is None or self._working:
            return
        if builder.stays:
            self._say(f"can't be removed: {builder.stays}")
            return
        text = Content.assemble(
            "Its nodes and their caches are removed too. This will run:\n\n",
            (f"$ {one_line(command_words(remove_command(builder.name)))}", "bold"),
        )
        answers = [("remove", "Remove"), ("no", "Cancel")]

        def answered(answer: str | None) -> None:
            if answer == "remove":
                self._working = builder.name
                self._say("")
                self._show_answers()
                self._remove(builder.name)

        question = QuestionDialog(f"Remove builder {one_line(builder.name, 40)}?", text, answers)
        self.app.push_screen(question, answered)

    def action_scroll_nodes(self, lines: int) -> None:
        """Scroll the nodes."""
        self.query_one("#nodes-box").scroll_relative(y=lines, animate=False)

    @on(Button.Pressed, "#leave")
    def action_close(self) -> None:
        """Close without an answer, or with what is there instead of the chosen one."""
        selected = next((builder for builder in self._builders if builder.current), None)
        self.dismiss(selected if self._chosen_is_gone else None)

    def _created(self, name: str | None) -> None:
        if name:
            self._list(name)

    def _show_marked(self) -> None:
        builder = self.marked
        self.query_one("#nodes-box").display = builder is not None
        if builder is not None:
            self.query_one("#nodes", Static).update(node_lines(builder))
            self.query_one("#nodes-box").scroll_home(animate=False)
        self._show_answers()

    def _show_answers(self) -> None:
        builder, busy = self.marked, bool(self._working)
        self.query_one("#use", Button).disabled = builder is None or busy
        self.query_one("#remove", Button).disabled = builder is None or busy
        self.query_one("#new", Button).disabled = busy
        if busy:
            told = Content(f"removing {one_line(self._working, 40)}…")
            self.query_one("#builders-problem", Static).update(told)

    def _say(self, problem: str) -> None:
        told = Content.styled(f"✗ {one_line(problem, 400)}", "$text-error") if problem else ""
        self.query_one("#builders-problem", Static).update(told)
