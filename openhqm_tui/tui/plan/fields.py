"""The fields of the Plan screen: image names and build options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox, Input, Label, Static

from openhqm_tui.domain.plan.bake import (
    DEFAULT_NAME,
    Choices,
    SourceKind,
    repository_of,
    tags_for,
    untagged,
)
from openhqm_tui.domain.text import one_line

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions


class Toggle(Checkbox):
    """A checkbox, `[x] label` or `[ ] label`; toggled by Space, Enter or a click."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Toggle {
        border: none; padding: 0; height: 1; width: auto; background: transparent;
        &:focus { background: $block-cursor-background; border: none; }
        & > .toggle--label { padding: 0; }
        &:focus > .toggle--label { background: transparent; text-style: none; }
    }
    """

    @property
    def _button(self) -> Content:
        return Content.styled("[x]" if self.value else "[ ]", "$primary bold" if self.value else "")


# The widgets to mark if the option of this name is invalid.
FIELDS = ("name", "tag", "base", "push")
_TAG_TIP = "Tag; -VARIANT is appended."
_LABEL = 8
# Below this width the switches move closer together.
_TIGHT = 75


class CollapsedFields(Static):
    """A summary of the hidden fields; a click shows them."""

    ALLOW_SELECT = False

    class Opened(Message):
        """A request to show the fields."""

    def on_click(self) -> None:
        """Show the fields."""
        self.post_message(self.Opened())


def name_without_option(source: Source) -> str:
    """Return the name of the images if none is given, as far as it is the same for all."""
    if source.kind is not SourceKind.BAKE:
        return DEFAULT_NAME
    if len(names := untagged(source)) != 1:
        return "FOLDER-TARGET"
    return repository_of(tags_for(source, names[0], Choices(variants=(), platforms=()))[0])


class PlanFields(Vertical):
    """The build options except the selection; sends `Changed` on every change."""

    DEFAULT_CSS = """
    PlanFields {
        height: auto; padding: 0 1;
        & Horizontal { height: 1; }
        & Label { width: 8; color: $text-muted; }
        & Label.-second { width: auto; padding: 0 1 0 2; }
        & Input { width: 1fr; background: $panel; padding: 0 1; }
        & Input:focus { background: $block-cursor-background; }
        & .-invalid { color: $text-error; text-style: underline; }
        & #tag { max-width: 24; }
        & #jobs { width: 12; }
        & #builder { width: auto; min-width: 8; max-width: 40; background: $panel; }
        & #builder:focus { background: $block-cursor-background; }
        & #builder { text-overflow: ellipsis; }
        & Toggle { margin: 0 0 0 2; }
        &.-definition .-base { display: none; }
        &.-definition #jobs-label { width: 9; padding: 0; }
        &.-own-names .-names { display: none; }
        &.-tight Toggle { margin: 0; }
        & CollapsedFields {
            display: none; height: 1; color: $text-muted;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & CollapsedFields:hover { background: $block-hover-background; }
        &.-folded .-more { display: none; }
        &.-folded CollapsedFields { display: block; }
    }
    """

    class Changed(Message):
        """The options have changed."""

    class Left(Message):
        """The base image field lost the focus."""

    class BuilderAsked(Message):
        """A request to choose a builder."""

    def __init__(self, order: BuildOptions) -> None:
        super().__init__()
        self.order = order
        self._builder_words = ""
        # Whether the images of a definition are named after its folder, unless a name is given.
        self._of_definition = False

    def compose(self) -> ComposeResult:
        """Build the fields."""
        order = self.order
        with Horizontal(classes="-names"):
            yield Label("name")
            yield Input(order.name, id="name", compact=True, placeholder=DEFAULT_NAME)
            yield Label("tag", classes="-second")
            yield Input(order.tag, id="tag", compact=True, placeholder="latest")
        with Horizontal(classes="-more"):
            yield Label("base", classes="-base")
            base = order.base_image
            yield Input(base, id="base", compact=True, placeholder="automatic", classes="-base")
            yield Label("parallel", classes="-second", id="jobs-label")
            jobs = str(order.jobs) if order.jobs else ""
            restrict = r"(?:[1-9][0-9]{0,2})?"
            yield Input(jobs, id="jobs", compact=True, placeholder="all", restrict=restrict)
        with Horizontal(classes="-more"):
            yield Label("builder")
            yield Button("", id="builder", compact=True)
            yield Toggle("push", order.push, id="push")
            yield Toggle("test only", order.test_only, id="test-only")
            yield Toggle("allow unknown", order.allow_unknown, id="allow-unknown")
        yield CollapsedFields(id="folded")

    def on_mount(self) -> None:
        """Set the tooltips."""
        for id, words in (
            ("name", "Image name, optionally with a registry; separate several with commas."),
            ("tag", _TAG_TIP),
            ("base", "Image to use instead of the Dockerfile's base; automatic if empty."),
            ("jobs", "Number of targets built in parallel; all if empty."),
            ("builder", "Choose the Buildx builder."),
            ("push", "Push images once all of them are verified."),
            ("test-only", "Build and check without keeping images."),
            ("allow-unknown", "Also push images with inconclusive checks."),
        ):
            self.query_one(f"#{id}").tooltip = words
        self._show_words()

    def adapt(self, source: Source) -> None:
        """Show only the fields that have an effect on what is built from a source."""
        is_bake = source.kind is SourceKind.BAKE
        self.set_class(is_bake, "-definition")
        self.set_class(not untagged(source), "-own-names")
        name = self.query_one("#name", Input)
        name.placeholder = name_without_option(source)
        if is_bake == self._of_definition:
            return
        self._of_definition = is_bake
        if self.order.name == DEFAULT_NAME:
            with self.prevent(Input.Changed):
                name.value = "" if is_bake else DEFAULT_NAME
        words = "Tag of images that have none in the file." if is_bake else _TAG_TIP
        self.query_one("#tag").tooltip = words
        self._show_words()

    @property
    def first(self) -> Input:
        """The first visible field."""
        names = self.query_one("#jobs" if self.has_class("-definition") else "#base", Input)
        return names if self.has_class("-own-names") else self.query_one("#name", Input)

    def on_resize(self) -> None:
        """Redistribute the width of a row."""
        self._fit_builder()

    def _fit_builder(self) -> None:
        """Truncate the builder rather than the switches after it."""
        width = self.size.width
        gap = 0 if width < _TIGHT else 2
        switches = [toggle for toggle in self.query(Toggle) if toggle.display]
        taken = _LABEL + sum(len(f"[x] {toggle.label} ") + gap for toggle in switches)
        self.set_class(gap == 0, "-tight")
        self.query_one("#builder").styles.max_width = max(8, min(40, width - taken))

    def fold(self, folded: bool) -> None:
        """Collapse all fields but the names, or expand them."""
        self.set_class(folded, "-folded")
        if folded and self.query(".-more *:focus"):
            self.screen.set_focus(None if self.has_class("-own-names") else self.first)

    def show_builder(self, words: str) -> None:
        """Show the builder."""
        self._builder_words = one_line(words, 36)
        self._show_words()

    def take(self, order: BuildOptions) -> None:
        """Show options that were changed elsewhere."""
        self.order = order
        for id, value in (
            ("push", order.push),
            ("test-only", order.test_only),
            ("allow-unknown", order.allow_unknown),
        ):
            with self.prevent(Toggle.Changed):
                self.query_one(f"#{id}", Toggle).value = value
        self._show_words()
        self.post_message(self.Changed())

    def switch(self, id: str) -> None:
        """Toggle the switch with that ID."""
        order = self.order
        match id:
            case "push":
                self.take(replace(order, push=not order.push))
            case "allow-unknown":
                self.take(replace(order, allow_unknown=not order.allow_unknown))
            case _:
                self.take(replace(order, test_only=not order.test_only))

    def mark_wrong(self, wrong: dict[str, str]) -> None:
        """Mark the invalid fields."""
        for field in FIELDS:
            self.query_one(f"#{field}").set_class(field in wrong, "-invalid")

    @on(Input.Changed)
    def text_changed(self, event: Input.Changed) -> None:
        """Store a changed text."""
        event.stop()
        value = event.value.strip()
        match event.input.id:
            case "name":
                unnamed = self._of_definition and not value
                self.order = replace(self.order, name=DEFAULT_NAME if unnamed else value)
            case "tag":
                self.order = replace(self.order, tag=value)
            case "base":
                self.order = replace(self.order, base_image=value)
            case _:
                self.order = replace(self.order, jobs=int(value or 0))
        self._show_words()
        self.post_message(self.Changed())

    @on(Toggle.Changed)
    def toggled(self, event: Toggle.Changed) -> None:
        """Store a changed switch."""
        event.stop()
        self.switch(event.checkbox.id or "")

    @on(Button.Pressed, "#builder")
    def builder_pressed(self, event: Button.Pressed) -> None:
        """Request another builder."""
        event.stop()
        self.post_message(self.BuilderAsked())

    @on(events.DescendantBlur)
    def field_left(self, event: events.DescendantBlur) -> None:
        """Report that the base image was entered."""
        if event.widget.id == "base":
            self.post_message(self.Left())

    def _show_words(self) -> None:
        order = self.order
        builder = self._builder_words or order.builder or "…"
        # It is about pushing, so it is only visible if images are pushed.
        self.query_one("#allow-unknown").display = order.push
        button = self.query_one("#builder", Button)
        button.label = Content(f"{builder} ▾")
        self._fit_builder()
        # Textual redraws a changed label without adapting its width.
        button.refresh(layout=True)
        words = [
            f"builder {builder}",
            *([] if self._of_definition else [f"base {order.base_image or 'automatic'}"]),
            f"{order.jobs} parallel" if order.jobs else "all parallel",
            *(["push"] if order.push else []),
            *(["allow unknown"] if order.push and order.allow_unknown else []),
            *(["test only"] if order.test_only else []),
        ]
        self.query_one(CollapsedFields).update(
            Content.assemble(("o ", "$primary bold"), one_line(" · ".join(words)))
        )
