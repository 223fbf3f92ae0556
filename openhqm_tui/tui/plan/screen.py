"""The Plan screen: choose what to build."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.names import matches
from openhqm_tui.domain.plan.options import field_errors
from openhqm_tui.domain.plan.outputs import artifact_text, artifacts_of, builds_image
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.text import one_line
from openhqm_tui.run.follow.eta import estimate_text
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.session import SourceFound, copy
from openhqm_tui.tui.history.past_runs import Key, PastLane, last_lanes
from openhqm_tui.tui.plan.engine_status import blocker, node_names, platform_support
from openhqm_tui.tui.plan.fields import CollapsedFields, PlanFields
from openhqm_tui.tui.plan.lookups import (
    BaseSeen,
    BuilderSeen,
    Lookups,
    PlanExamined,
    RunBegun,
    RunRefused,
)
from openhqm_tui.tui.plan.matrix import (
    Cell,
    Matrix,
    Selection,
    every_cell,
    failed_cells,
    first_columns,
    native_cells,
    own_cells,
    platforms_of,
)
from openhqm_tui.tui.plan.source_line import SourceLine
from openhqm_tui.tui.plan.summary import (
    WIDE,
    BuildLine,
    PlanChoice,
    PlanLayout,
    obstacle_in,
    summary,
)
from openhqm_tui.tui.plan.variant_panel import (
    CommandLines,
    VariantDetails,
    VariantScroll,
    command_lines,
)
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import PlanEstimator
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.plan.permissions import Permission
    from openhqm_tui.engine.docker.builders import Builder
    from openhqm_tui.engine.docker.facts import EngineFacts

# Seconds that a warning about a new run stays on screen.
_WARNING_SECONDS = 20


def artifacts_by_target(source: Source | None) -> dict[str, str]:
    """Return what the targets that build no image produce."""
    bodies = source.bake_targets if source else {}
    return {
        name: ", ".join(map(artifact_text, artifacts_of(body)))
        for name, body in bodies.items()
        if not builds_image(body)
    }


def titles(source: Source | None) -> dict[str, str]:
    """Return the descriptions of the targets; none if all are the same."""
    found = {variant.name: one_line(variant.title) for variant in source.variants} if source else {}
    return found if len(set(found.values())) > 1 or len(found) == 1 else {}


class PlanScreen(BaseScreen):
    """The matrix, details of the selected target, the fields and the build button."""

    PLACE = "plan"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("plan")
    AUTO_FOCUS = "Matrix"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.selection = Selection()
        self.past: dict[Key, PastLane] = {}
        self.built: dict[Key, PastLane] = {}
        self._refusal = ""
        self._lookups: Lookups | None = None
        # The initial platforms of a source, until the user changes them.
        self._shown_source: Source | None = None
        self._columns: tuple[Platform, ...] = ()

    def body(self) -> Iterable[Widget]:
        """Yield matrix, details, fields and button."""
        yield PlanLayout(
            PlanChoice(self.session.backend.defaults, id="choice"),
            VariantScroll(),
            id="plan",
        )

    @property
    def facts(self) -> EngineFacts | None:
        """The engine's facts with the chosen builder."""
        return self.lookups.facts(self.fields.order.builder, self.session.facts)

    @property
    def lookups(self) -> Lookups:
        """The background lookups."""
        if self._lookups is None:
            self._lookups = Lookups(self, self.session.backend)
        return self._lookups

    @property
    def fields(self) -> PlanFields:
        """The fields."""
        return self.query_one(PlanFields)

    @property
    def order(self) -> BuildOptions:
        """The current options."""
        return replace(self.fields.order, selection=self.rows())

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms shown."""
        return self.session.platforms

    @property
    def names(self) -> tuple[str, ...]:
        """The names of variants or targets."""
        source = self.session.source
        return tuple(variant.name for variant in source.variants) if source else ()

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The names that the filter shows."""
        words = self.query_one(FilterBar).words
        source = self.session.source
        variants = source.variants if source else ()
        return tuple(v.name for v in variants if matches(f"{v.name} {v.title}", words))

    @property
    def plan_estimator(self) -> PlanEstimator | None:
        """The estimator; None until samples are loaded."""
        session, facts = self.session, self.facts
        if session.source is None or session.estimates.samples is None or facts is None:
            return None
        from openhqm_tui.domain.history.estimate import PlanEstimator

        return PlanEstimator(
            session.estimates.samples,
            session.source,
            str(facts.host or ""),
            check=session.backend.defaults.check,
        )

    def rows(self) -> dict[str, tuple[Platform, ...]]:
        """Return the selected platforms of each variant."""
        return self.selection.by_variant(self.names, self.platforms)

    def commands(self, *, shown: bool = False) -> CommandLines:
        """Return the equivalent commands; `shown` ones may lack permissions still being read."""
        order, session = self.order, self.session
        allow: tuple[str, ...] = ()
        if shown:
            allow = self.lookups.allowed
        elif session.source:
            allow = session.backend.chosen_beyond(order, session.source)
        return command_lines(
            order,
            len(self.names),
            session.backend.defaults,
            allow,
            own=platforms_of(session.source, self._native),
            groups=session.source.groups if session.source else (),
            source=session.backend.source_flags,
        )

    async def catch_up(self) -> None:
        """Show everything; the definition may have changed on disk."""
        self.engine_seen()
        if self.session.source is not None or self.session.source_problem:
            self.session.read_source()

    def engine_seen(self) -> None:
        """Show rows, platforms and how they are built."""
        if not self.is_built:
            return
        session = self.session
        if session.source is not None and session.source is not self._shown_source:
            self._refusal, self._shown_source = "", session.source
            if not self.platforms or self.platforms == self._columns:
                session.platforms = session.backend.platforms or first_columns(
                    session.source, self._native
                )
                self._columns = session.platforms
        self.past = last_lanes(session.past_runs or [], session.source)
        self.built = last_lanes(session.past_runs or [], session.source, built=True)
        self.lookups.look_at_builder(self.fields.order.builder, session.facts)
        self.show_matrix()

    def show_matrix(self) -> None:
        """Show the matrix and everything that depends on it."""
        session = self.session
        ways = {
            platform: platform_support(platform, self.facts, session.source)
            for platform in self.platforms
        }
        # The line below the fields has room for the whole error.
        note = "nothing to build here: see the error below" if session.source_problem else ""
        shown = self.shown_names
        if self.names and not shown:
            note = "no target matches the filter"
        if session.source is not None:
            self.fields.adapt(session.source)
        self.query_one(FilterBar).tell(len(shown), len(self.names), "target")
        self.query_one(Matrix).show(
            shown,
            self.platforms,
            self.selection,
            ways,
            self.past,
            note,
            node_names(self.platforms, self.facts),
            self._own_cells(),
            artifacts_by_target(session.source),
            titles(session.source),
            filtered=len(shown) < len(self.names),
        )
        self.query_one(PlanChoice).share_room()
        self.show_choice()

    def show_choice(self) -> None:
        """Show what depends on the selection: details, fields, summary, button."""
        session, order, matrix = self.session, self.order, self.query_one(Matrix)
        plan_estimator = self.plan_estimator
        if session.source is not None:
            self.lookups.examine_plan(order, self.facts, session.source)
            times = (
                plan_estimator.cells(order, matrix.variant, self.platforms)
                if plan_estimator
                else {}
            )
            side = VariantDetails(session.source, order, matrix.ways, self.past, self.built, times)
            self.query_one(VariantScroll).show(side, matrix.variant, self.commands(shown=True))
        folder = session.backend.folder
        self.query_one(SourceLine).show(session.source, folder, order.selection)
        self.fields.mark_wrong(field_errors(order, session.source))
        if (facts := self.facts) is not None and facts.builder:
            self.fields.show_builder(f"{facts.builder} ({facts.driver})")
        reason = self.reason()
        words = summary(
            order,
            matrix.ways,
            estimate_text(plan_estimator.whole(order)) if plan_estimator else "",
            session.source,
            obstacle=self._refusal or reason,
            cautions=(*self.lookups.base_cautions(order, facts), *self.lookups.warnings),
        )
        self.query_one(BuildLine).show(words, can_build=not reason, starting=self.lookups.starting)
        self.refresh_bindings()

    def reason(self) -> str:
        """Return why the selection can't be built; '' if it can."""
        session, order = self.session, self.order
        if session.source_problem:
            return session.source_problem
        if self.lookups.starting:
            return "starting…"
        if order.builder and self.facts is None and session.facts is not None:
            return f"connecting to builder {order.builder}…"
        if stop := blocker(self.facts):
            return stop
        if session.run_is_live and session.player is None:
            return "a run is in progress: wait for it to finish, or cancel it in Run (2)"
        if wrong := field_errors(order, session.source):
            return next(iter(wrong.values()))
        assert self.facts is not None
        if stop := obstacle_in(order, self.facts):
            return stop
        return self.lookups.base_obstacle(order, self.facts)

    def check_action(self, action: str, arguments: tuple[object, ...]) -> bool | None:
        """Gray out unavailable commands."""
        if not self.is_built:
            return True
        session = self.session
        match action:
            case "build":
                return None if self.reason() else True
            case "to_matrix":
                return not self.query_one(Matrix).has_focus
            case "switch":
                # Only relevant if images are pushed.
                return None if arguments == ("allow-unknown",) and not self.order.push else True
            case "copy":
                return bool(self.rows()) or None
            case "list_groups":
                return bool(session.source and session.source.groups) or None
            case "edit_name":
                return None if self.fields.has_class("-own-names") else True
            case "choose_failed":
                return bool(failed_cells(self._cells(), self.past)) or None
            case "choose_native":
                return bool(self.facts and self.facts.answers) or None
            case "remove_platform":
                return len(self.platforms) > 1 or None
        return True

    @on(Matrix.Changed)
    def choice_changed(self, message: Matrix.Changed) -> None:
        """Store the selection."""
        self._refusal = ""
        self.selection = message.selection
        self.show_choice()
        self.lookups.look_for_base_soon(self._look_unless_typing)

    @on(Matrix.Moved)
    def cursor_moved(self) -> None:
        """Describe the selected target."""
        self.query_one(VariantScroll).scroll_home(animate=False)
        self.show_choice()

    @on(PlanFields.Changed)
    def fields_changed(self) -> None:
        """Show what depends on the fields."""
        self._refusal = ""
        self.show_choice()

    @on(PlanFields.Left)
    def base_left(self) -> None:
        """Look up the base image."""
        self._look_for_base()

    @on(Input.Submitted, "#base")
    def base_told(self) -> None:
        """Leave the field, so that its image is looked up before the build."""
        self.query_one(Matrix).focus()

    @on(Input.Submitted, "#name,#tag,#jobs")
    @on(Button.Pressed, "#build")
    @on(Matrix.Build)
    def build_asked(self) -> None:
        """Build, or show why not."""
        self.action_build()

    def action_build(self) -> None:
        """Start a run of the selection."""
        order, facts = self.order, self.facts
        if facts is not None and self.lookups.base_is_open(order, facts):
            self._look_for_base()
        if reason := self.reason():
            self.notify(reason, title="Not started", severity="warning", markup=False)
        else:
            self._start(order)

    @on(RunBegun)
    async def begun(self, message: RunBegun) -> None:
        """Show the new run."""
        self.lookups.starting = False
        self.session.open_run(message.run)
        for warning in message.warnings:
            self.notify(
                one_line(warning, 500),
                title="Warning",
                severity="warning",
                markup=False,
                timeout=_WARNING_SECONDS,
            )
        self.show_choice()
        await self.go("run")

    @on(RunRefused)
    def refused(self, message: RunRefused) -> None:
        """Ask for permission if that helps, or show why the run did not start."""
        from openhqm_tui.tui.plan.dialogs import ask_for

        self.lookups.starting = False
        if not ask_for(self, message, self._start, self._not_started):
            self._not_started(message.problem)

    def _start(self, order: BuildOptions, remember: tuple[Permission, ...] = ()) -> None:
        if self.facts is not None and self.session.source is not None:
            self._refusal = ""
            self.lookups.start(order, self.facts, self.session.source, remember)
            self.show_choice()

    def _not_started(self, why: str) -> None:
        self._refusal = why
        self.show_choice()

    def action_choose_all(self) -> None:
        """Select all cells."""
        self._choose(self._shown(self._own_cells()))

    def action_choose_none(self) -> None:
        """Clear the selection."""
        self._choose(())

    def action_choose_native(self) -> None:
        """Select only the platforms that need no emulator, for all variants."""
        if self.facts is not None:
            self._choose(native_cells(self._shown(self._own_cells()), self.facts))

    def action_choose_failed(self) -> None:
        """Select only what failed last time."""
        self._choose(failed_cells(self._shown(self._cells()), self.past))

    def action_list_groups(self) -> None:
        """Ask which group to select."""
        from openhqm_tui.tui.plan.dialogs import ChooseGroup

        if self.session.source is not None and self.session.source.groups:
            self.app.push_screen(ChooseGroup(self.session.source.groups), self._group_chosen)

    def _group_chosen(self, index: int | None) -> None:
        if index is not None:
            self.action_choose_group(index)

    def action_choose_group(self, index: int) -> None:
        """Select only the targets of a group, on their own platforms."""
        source = self.session.source
        if source is not None and index < len(source.groups):
            targets = source.groups[index].targets
            self._choose(cell for cell in self._own_cells() if cell[0] in targets)

    def action_filter(self) -> None:
        """Type words that filter the targets."""
        self.query_one(FilterBar).open()
        self.query_one(PlanChoice).share_room()

    @on(FilterBar.Changed)
    def filter_changed(self) -> None:
        """Show the targets that match."""
        self.show_matrix()

    @on(FilterBar.Left)
    def filter_left(self, message: FilterBar.Left) -> None:
        """Return to the matrix."""
        matrix = self.query_one(Matrix)
        matrix.focus()
        matrix.action_move(message.steps, 0)
        self.query_one(PlanChoice).share_room()

    def action_copy(self, way: str) -> None:
        """Copy the equivalent commands, ours or Buildx's."""
        lines = self.commands().bake if way == "bake" else self.commands().build
        if lines:
            copy(self, "\n".join(lines), count_text(len(lines), "command"))

    @on(SourceFound)
    def source_found(self, message: SourceFound) -> None:
        """Show a definition that changed before a build."""
        if self.session.take_source(message):
            self.engine_seen()

    def action_reload(self) -> None:
        """Read the definition and the engine again."""
        self.session.refresh()

    def action_to_matrix(self) -> None:
        """Leave a field."""
        self.query_one(Matrix).focus()

    def action_edit_name(self) -> None:
        """Go to the first field."""
        self.fields.first.focus()

    @on(CollapsedFields.Opened)
    def action_options(self) -> None:
        """Show all fields, or collapse all but the names."""
        self.query_one(PlanChoice).unfold()

    def action_switch(self, field: str) -> None:
        """Toggle a switch."""
        self.fields.switch(field)

    @on(PlanFields.BuilderAsked)
    def action_choose_builder(self) -> None:
        """Choose a builder."""
        facts = self.session.facts
        from openhqm_tui.tui.plan.dialogs import ChooseBuilder

        context = facts.context if facts is not None else ""
        self.app.push_screen(ChooseBuilder(context, self.fields.order.builder), self._builder_told)

    def action_scroll_side(self, lines: int) -> None:
        """Scroll the details."""
        self.query_one(VariantScroll).scroll_relative(y=lines, animate=False)

    def action_add_platform(self) -> None:
        """Add a platform."""
        from openhqm_tui.tui.widgets.dialogs import InputDialog

        question = InputDialog("Add a platform", "linux/arm/v7", parse_platform)
        self.app.push_screen(question, self._platform_told)

    def action_remove_platform(self) -> None:
        """Remove the selected column and its cells."""
        gone = self.query_one(Matrix).platform or self.platforms[-1]
        self.selection = self.selection.with_cells(every_cell(self.names, [gone]), chosen=False)
        self.session.platforms = tuple(p for p in self.platforms if p != gone)
        self.show_matrix()

    @property
    def _native(self) -> Platform | None:
        return self.facts.native if self.facts is not None else None

    def _own_cells(self) -> list[Cell]:
        return own_cells(self.session.source, self.platforms, self._native)

    def _shown(self, cells: Iterable[Cell]) -> list[Cell]:
        names = set(self.shown_names)
        return [cell for cell in cells if cell[0] in names]

    def _cells(self) -> list[Cell]:
        return every_cell(self.names, self.platforms)

    def _choose(self, cells: Iterable[Cell]) -> None:
        self.selection = Selection(cells=frozenset(cells))
        self._refusal = ""
        self.show_matrix()
        self.lookups.look_for_base_soon(self._look_unless_typing)

    def _platform_told(self, text: str | None) -> None:
        if text:
            columns = dict.fromkeys([*self.platforms, parse_platform(text)])
            self.session.platforms = tuple(columns)
            self.show_matrix()

    def _builder_told(self, builder: Builder | None) -> None:
        if builder is not None:
            # Options without a builder mean the one selected in Buildx.
            name = "" if builder.current else builder.name
            self.fields.show_builder(f"{builder.name} ({builder.driver})")
            self.fields.take(replace(self.fields.order, builder=name))
            self.engine_seen()

    @on(BuilderSeen)
    def builder_seen(self, message: BuilderSeen) -> None:
        """Store the facts of the chosen builder."""
        self.lookups.builder_seen(message)
        self.show_matrix()

    @on(PlanExamined)
    def plan_examined(self, message: PlanExamined) -> None:
        """Show the commands with their permissions, and the warnings."""
        if self.lookups.plan_examined(message):
            self.show_choice()

    @on(BaseSeen)
    def base_seen(self, message: BaseSeen) -> None:
        """Store whether the base image is available."""
        self.lookups.base_seen(message)
        self.show_choice()

    def _look_unless_typing(self) -> None:
        # Not while the name is being typed; it is looked up when the field is left.
        if not self.query_one("#base").has_focus:
            self._look_for_base()

    def _look_for_base(self) -> None:
        order = self.order
        if "base" not in field_errors(order, self.session.source):
            self.lookups.look_for_base(order, self.facts)
        self.show_choice()
