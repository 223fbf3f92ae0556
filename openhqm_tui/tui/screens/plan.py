"""Place 1, Plan: choose what to build."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import msgspec
from textual import on, work
from textual.containers import Horizontal, ScrollableContainer, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from openhqm_tui.domain.plan import Source, check_name, check_tag
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.problems import Problem
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.screens.dialogs import AskLine
from openhqm_tui.tui.screens.place import Place
from openhqm_tui.tui.selection import Selection, commands_for
from openhqm_tui.tui.services import Order
from openhqm_tui.tui.standing import blocker
from openhqm_tui.tui.widgets.matrix import Matrix
from openhqm_tui.tui.widgets.variant_side import describe
from openhqm_tui.tui.words import count

_USUAL = (parse_platform("linux/amd64"), parse_platform("linux/arm64"))


class PlanScreen(Place):
    """The matrix, what the marked variant is, names, and the button that builds."""

    PLACE = "plan"
    CSS_PATH = "plan.tcss"
    BINDINGS: ClassVar = bindings("plan")
    AUTO_FOCUS = "Matrix"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (108, "-wide")]  # noqa: RUF012

    class Begun(Message):
        """A run has begun."""

        def __init__(self, run: RunFolder) -> None:
            super().__init__()
            self.run = run

    class Refused(Message):
        """A run could not begin."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self.selection = Selection()
        self.platforms: tuple[Platform, ...] = _USUAL
        self.starting = False
        self._refusal = ""

    def body(self) -> Iterable[Widget]:
        """Yield matrix, side, names and button."""
        yield Horizontal(
            Vertical(
                ScrollableContainer(Matrix(), id="matrix-box", can_focus=False),
                Horizontal(
                    Label("name"),
                    Input(self.selection.name, id="name", compact=True, placeholder="openhqm"),
                    Label("tag"),
                    Input(self.selection.tag, id="tag", compact=True, placeholder="latest"),
                    id="names",
                ),
                Horizontal(
                    Static(id="summary"), Button("Build", id="build", compact=True), id="bottom"
                ),
                id="choice",
            ),
            VerticalScroll(Static(id="variant"), id="side", can_focus=False),
            id="plan",
        )

    async def catch_up(self) -> None:
        """Show all anew."""
        self.engine_seen()

    def engine_seen(self) -> None:
        """Show rows, platforms and how they are built."""
        if not self.stands:
            return
        app = self.console_app
        names = tuple(v.name for v in app.source.variants) if app.source else ()
        self.query_one(Matrix).show(
            names, self.platforms, self.selection, app.facts, app.past_lanes
        )
        self.show_choice()

    def show_choice(self) -> None:
        """Show what follows from the choice: side, summary, button."""
        app = self.console_app
        matrix = self.query_one(Matrix)
        variants = app.source.variants if app.source else ()
        variant = next((v for v in variants if v.name == matrix.variant), None)
        side = self.query_one("#variant", Static)
        side.update(
            describe(variant, self.selection, self.platforms, app.past_lanes, self.commands())
            if variant
            else Content("")
        )
        reason = self.reason()
        self.query_one("#summary", Static).update(self._summary(reason))
        button = self.query_one("#build", Button)
        button.disabled = bool(reason)
        button.label = Content("Starting…" if self.starting else "b Build")
        button.variant = "default" if reason else "primary"
        self.refresh_bindings()

    def rows(self) -> dict[str, tuple[Platform, ...]]:
        """Return the chosen platforms of each variant."""
        source = self.console_app.source
        names = [variant.name for variant in source.variants] if source else []
        return self.selection.by_variant(names, self.platforms)

    def commands(self) -> list[str]:
        """Return the commands that would build the same."""
        source = self.console_app.source
        everything = len(source.variants) if source else 0
        return commands_for(self.rows(), everything, self.selection.name, self.selection.tag)

    def reason(self) -> str:
        """Return why nothing can be built as it stands; '' if something can."""
        app = self.console_app
        if self._name_problem():
            return self._name_problem()
        if app.source_problem:
            return app.source_problem
        if self.starting:
            return "starting…"
        if stop := blocker(app.facts):
            return stop
        if app.run_is_live:
            return "a run is going on: 2 shows it, C there stops it"
        return "" if self.rows() else "nothing chosen"

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can't be done now."""
        if action == "build" and self.stands:
            return None if self.reason() else True
        if action == "copy_command" and self.stands:
            return bool(self.rows()) or None
        return True

    @on(Matrix.Changed)
    def choice_changed(self, message: Matrix.Changed) -> None:
        """Take the choice over."""
        self._refusal = ""
        self.selection = msgspec.structs.replace(self.selection, cells=message.selection.cells)
        self.show_choice()

    @on(Matrix.Moved)
    def cursor_moved(self) -> None:
        """Describe the variant that is marked now."""
        self.show_choice()

    @on(Input.Changed)
    def name_changed(self, event: Input.Changed) -> None:
        """Take name and tag over."""
        self._refusal = ""
        self.selection = msgspec.structs.replace(
            self.selection,
            name=self.query_one("#name", Input).value,
            tag=self.query_one("#tag", Input).value,
        )
        event.input.set_class(bool(self._name_problem()), "-invalid")
        self.show_choice()

    @on(Input.Submitted)
    @on(Button.Pressed, "#build")
    @on(Matrix.Build)
    def build_asked(self) -> None:
        """Build, or say why not."""
        self.action_build()

    def action_build(self) -> None:
        """Begin a run of what is chosen."""
        app = self.console_app
        if reason := self.reason():
            self.notify(reason, title="Nothing is built", severity="warning", markup=False)
            return
        if app.facts is None or app.source is None:
            return
        self.starting, self._refusal = True, ""
        self.show_choice()
        order = Order(self.rows(), self.selection.name, self.selection.tag)
        self._start(order, app.facts, app.source)

    @work(thread=True, exclusive=True, group="start")
    def _start(self, order: Order, facts: EngineFacts, source: Source) -> None:
        try:
            run = self.console_app.services.start(order, facts, source)
        except (Problem, OSError) as problem:
            self.post_message(self.Refused(str(problem)))
        else:
            self.post_message(self.Begun(run))

    async def on_plan_screen_begun(self, message: Begun) -> None:
        """Watch the new run."""
        self.starting = False
        self.console_app.open_run(message.run)
        self.show_choice()
        await self.console_app.action_go("run")

    def on_plan_screen_refused(self, message: Refused) -> None:
        """Say why it could not begin."""
        self.starting, self._refusal = False, message.problem
        self.show_choice()

    def action_choose_all(self) -> None:
        """Choose every cell."""
        self._choose(self.platforms, chosen=True)

    def action_choose_none(self) -> None:
        """Choose nothing."""
        self._choose(self.platforms, chosen=False)

    def action_choose_native(self) -> None:
        """Choose every variant on the platforms that need no emulator, and nothing else."""
        facts = self.console_app.facts
        if facts is None or not facts.answers:
            self.notify("No engine tells which platform is its own.", severity="warning")
            return
        self._choose(self.platforms, chosen=False)
        native = tuple(p for p in self.platforms if facts.how(p) == "native")
        self._choose(native, chosen=True)

    def action_copy_command(self) -> None:
        """Copy the commands that build the same."""
        lines = self.commands()
        if lines:
            self.app.copy_to_clipboard("\n".join(lines))
            self.notify(f"{count(len(lines), 'command')} copied", timeout=3)

    def action_to_matrix(self) -> None:
        """Leave a text field."""
        self.query_one(Matrix).focus()

    def action_add_platform(self) -> None:
        """Ask for another platform."""
        question = AskLine("Another platform", "linux/arm/v7", parse_platform)
        self.app.push_screen(question, self._platform_told)

    def _platform_told(self, text: str | None) -> None:
        if text:
            self.platforms = tuple(dict.fromkeys([*self.platforms, parse_platform(text)]))
            self.engine_seen()

    def _choose(self, platforms: Iterable[Platform], *, chosen: bool) -> None:
        source = self.console_app.source
        names = [variant.name for variant in source.variants] if source else []
        cells = [(name, platform) for name in names for platform in platforms]
        self.selection = self.selection.with_cells(cells, chosen=chosen)
        self._refusal = ""
        self.engine_seen()

    def _name_problem(self) -> str:
        source = self.console_app.source
        variants = source.variants if source else ()
        for check in (
            partial(check_name, self.selection.name),
            partial(check_tag, self.selection.tag, variants),
        ):
            try:
                check()
            except Problem as problem:
                return str(problem)
        return ""

    def _summary(self, reason: str) -> Content:
        rows = self.rows()
        images = sum(len(platforms) for platforms in rows.values())
        words = Content.assemble(
            (f"{count(len(rows), 'target')} · {count(images, 'image')}", "bold")
        )
        if self._refusal:
            return Content.assemble(("✗ ", "$text-error"), (self._refusal, "$text-error"))
        if reason == "nothing chosen":
            return Content.styled(
                "nothing chosen · Space picks a cell, a all, m what runs natively",
                "$foreground-muted",
            )
        if reason:
            return Content.assemble(words, " · ", (f"✗ {reason}", "$text-error"))
        lacking = self._without_emulator(rows)
        if lacking:
            return Content.assemble(
                words, (f" · ! no emulator for {lacking}: 5 Doctor", "$text-warning")
            )
        return words

    def _without_emulator(self, rows: dict[str, tuple[Platform, ...]]) -> str:
        facts = self.console_app.facts
        if facts is None:
            return ""
        asked = dict.fromkeys(p for platforms in rows.values() for p in platforms)
        return ", ".join(str(p) for p in asked if facts.how(p) == "none")
