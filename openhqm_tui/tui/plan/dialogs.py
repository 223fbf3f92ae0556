"""The dialogs of the Plan screen: builders, groups, and the permissions that a build needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.plan.builders import (
    DRIVERS,
    NewBuilder,
    Node,
    new_builder,
    removal_text,
    remove_command,
)
from openhqm_tui.domain.plan.permissions import Permission, PermissionsNeeded, PushNeeded, described
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.builders import Builder, command_words
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import short
from openhqm_tui.tui.core.session import session_of
from openhqm_tui.tui.widgets.dialogs import ListDialog, QuestionDialog

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import TargetGroup
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.tui.plan.lookups import RunRefused

_FIELDS = (
    ("name", "name", "arm-farm"),
    ("nodes", "nodes", ""),
    ("options", "options", "driver options as K=V, separated by spaces"),
)
# By driver; a remote builder needs an endpoint.
_NO_NODES = {
    "docker-container": "; this engine if empty",
    "kubernetes": "; the current context if empty",
}


class CreateBuilder(ModalScreen[str]):
    """Name, driver, nodes and options; gives the new builder's name, or ''."""

    CSS_PATH = ["../widgets/dialogs.tcss", "dialogs.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = bindings("dialog")

    class Told(Message):
        """A command is about to run."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class Ended(Message):
        """The builder was created, or why not."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self._driver = DRIVERS[0]
        self._stop: Event | None = None
        self._name = ""

    def compose(self) -> ComposeResult:
        """Build the fields, the commands and the buttons."""
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
        """Set the tooltips, and focus the name."""
        for id, words in (
            ("name", "Letters, digits and . _ -; must start with a letter."),
            ("driver", "Enter or a click switches to the next driver."),
            ("nodes", "linux/arm64=ssh://me@arm1 linux/amd64=default"),
            ("options", "image=registry.example/buildkit network=host"),
        ):
            self.query_one(f"#{id}").tooltip = words
        # Every press counts, even fast ones.
        self.query_one("#driver", Button).active_effect_duration = 0
        self._show()
        self.query_one("#name").focus()

    @property
    def working(self) -> bool:
        """Return whether the builder is being created."""
        return self._stop is not None

    def read(self) -> NewBuilder:
        """Return the builder from the fields; raises UsageProblem."""
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
        """Show the commands that would run."""
        self._show()

    @on(Input.Submitted)
    @on(Button.Pressed, "#make")
    def make(self) -> None:
        """Create the builder, or show what is wrong."""
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
        """Show the running command."""
        words = f"▸ {one_line(message.command, 200)} · Esc stops"
        self.query_one("#create-problem", Static).update(Content(words))

    @on(Ended)
    def ended(self, message: Ended) -> None:
        """Close with the name, or show the error."""
        self._stop = None
        if not message.problem:
            self.dismiss(self._name)
            return
        self._enable(True)
        self._say(message.problem)

    @on(Button.Pressed, "#leave")
    def action_close(self) -> None:
        """Close without a result; during creation, stop that first."""
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
        nodes = f"[PLATFORMS=]ENDPOINT …{_NO_NODES.get(self._driver, '')}"
        self.query_one("#nodes", Input).placeholder = nodes
        commands = self.query_one("#commands", Static)
        try:
            new = self.read()
        except Problem as problem:
            commands.update(Content.styled("the commands will appear here", "$foreground-muted"))
            written = any(field.value for field in self.query(Input))
            self._say(str(problem) if written else "")
            return
        lines = [f"$ {one_line(command_words(command), 500)}" for command in new.commands()]
        commands.update(Content("\n".join(lines)))
        self._say("")

    def _say(self, problem: str) -> None:
        told = Content.styled(f"✗ {one_line(problem, 500)}", "$text-error") if problem else ""
        self.query_one("#create-problem", Static).update(told)


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
        ways = "platforms are unknown until the node starts"
    else:
        native = f"native {node.native}" if node.native is not None else "native platform unknown"
        # If there are many, the rest is counted, except the most common ones.
        likely = sorted(node.emulated, key=lambda platform: platform.arch not in _LIKELY)
        emulated = [short(platform) for platform in likely]
        told = ", ".join(emulated[:_SEVERAL])
        if len(emulated) > _SEVERAL:
            told += f" and {len(emulated) - _SEVERAL} more"
        kind = "emulated" if node.native is not None else "supports"
        ways = f"{native} · {kind} {told}" if told else f"{native} only"
    lines = [first, Content.styled(f"  {ways}", "$foreground-muted")]
    if node.error:
        lines.append(Content.styled(f"  ✗ {one_line(node.error)}", "$text-error"))
    return lines


class ChooseBuilder(ListDialog[Builder]):
    """The list of builders, with the reason for unusable ones; closing it gives None.

    If the chosen builder was removed, closing gives the one selected in Buildx.
    """

    CSS_PATH = ["../widgets/dialogs.tcss", "dialogs.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), *bindings("builders")]

    class Listed(Message):
        """The builders, or why they could not be listed; `mark` is the one to select."""

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
        """Build an empty list."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Choose a builder", "bold"), classes="dialog-title")
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
        """Load the builders."""
        self._show_answers()
        self._list("")

    @property
    def marked(self) -> Builder | None:
        """The selected builder."""
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
        """Show the builders."""
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
        """Show the remaining builders, or why removal failed."""
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
        """Close with the selected builder, or show why it can't be used."""
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
            self._say(f"this builder can't be removed: {builder.stays}")
            return
        text = Content.assemble(
            f"{removal_text(builder.driver)} This command will run:\n\n",
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
        """Close without a result, or with a replacement for a removed builder."""
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


REFUSED = "cancelled: nothing was built"
# Starts a build; the second argument lists the permissions to remember.
Start = Callable[["BuildOptions", tuple[Permission, ...]], None]


def ask_for(
    screen: Screen[None], refusal: RunRefused, start: Start, refused: Callable[[str], None]
) -> bool:
    """Ask, and start the build with what was allowed; closing the dialog allows nothing.

    Returns False if asking wouldn't help.
    """
    match refusal.cause:
        case PermissionsNeeded() as permissions:
            _ask_permissions(screen, permissions, refusal.order, start, refused)
        case PushNeeded() as pushes:
            _ask_pushes(screen, pushes, refusal.order, start, refused)
        case _:
            return False
    return True


def _ask_permissions(
    screen: Screen[None],
    problem: PermissionsNeeded,
    order: BuildOptions,
    start: Start,
    refused: Callable[[str], None],
) -> None:
    def answered(answer: str | None) -> None:
        if answer not in {"once", "remember"}:
            refused(REFUSED)
            return
        allowed = replace(order, allow=(*order.allow, *problem.missing))
        start(allowed, problem.missing if answer == "remember" else ())

    needs = described(problem.missing, problem.folder)
    text = Content("\n").join(
        [
            Content("The build definition requests permission to:"),
            *(Content(f"  • {one_line(need, 300)}") for need in needs),
            Content.styled(
                "Allow this only if you trust the author of the build definition.", "$text-warning"
            ),
        ]
    )
    answers = [
        ("no", "Don't build"),
        ("once", "Allow once"),
        ("remember", "Allow and remember"),
    ]
    screen.app.push_screen(QuestionDialog("Allow this build?", text, answers, leave="no"), answered)


def _ask_pushes(
    screen: Screen[None],
    problem: PushNeeded,
    order: BuildOptions,
    start: Start,
    refused: Callable[[str], None],
) -> None:
    def answered(answer: str | None) -> None:
        if answer == "push":
            start(replace(order, push=True), ())
        elif answer == "local":
            start(replace(order, no_push=True), ())
        else:
            refused(REFUSED)

    needed = "checked" if order.allow_unknown else "verified"
    lines = [Content(f"  • {one_line(told, 300)}") for told in problem.pushes]
    text = Content("\n").join(
        [
            Content("The build definition:"),
            *lines,
            Content(
                f"Tags are pushed once all images are {needed}."
                if order.check
                else "Only verified images can be pushed, but checks are turned off."
            ),
        ]
    )
    answers = [
        ("no", "Don't build"),
        ("local", "Build without pushing"),
        *([("push", "Build and push")] if order.check else []),
    ]
    screen.app.push_screen(QuestionDialog("Push the images?", text, answers, leave="no"), answered)


class ChooseGroup(ListDialog[int]):
    """The groups of a definition with their descriptions; gives an index, None if closed."""

    CSS_PATH = ["../widgets/dialogs.tcss", "dialogs.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar = [*bindings("dialog"), ("j", "step(1)"), ("k", "step(-1)")]

    def __init__(self, groups: Sequence[TargetGroup]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(classes="dialog"):
            yield Static(Content.styled("Select the targets of", "bold"), classes="dialog-title")
            yield OptionList(
                *(Option(group_words(group)) for group in self._groups),
                id="groups",
                compact=True,
                markup=False,
            )
            with Horizontal(classes="dialog-answers"):
                yield Button("Select", id="select", compact=True, variant="primary")
                yield Button("Cancel", id="leave", compact=True)

    def on_mount(self) -> None:
        """Select the first group."""
        self.begin_with_first()

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Give the selected group."""
        self.dismiss(event.option_index)

    @on(Button.Pressed)
    def answered(self, event: Button.Pressed) -> None:
        """Give the marked group, or None."""
        marked = self.query_one(OptionList).highlighted
        self.dismiss(marked if event.button.id == "select" else None)

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)


def group_words(group: TargetGroup) -> Content:
    """Return a group's name, description and targets in two lines."""
    count = count_text(len(group.targets), "target")
    description = one_line(group.description, 70)
    return Content.assemble(
        (one_line(group.name, 60), "bold"),
        f"  {count}",
        f" · {description}" if description else "",
        "\n",
        (f"  {one_line(', '.join(group.targets), 68)}", "$foreground-muted"),
    )
