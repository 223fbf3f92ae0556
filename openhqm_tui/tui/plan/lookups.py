"""Background work of the Plan screen: reading builder and base image, starting runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.tui.core.session import found_source

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.plan.permissions import Permission
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.engine.source.base_image import Pullable
    from openhqm_tui.tui.core.backend import Backend, StartedRun

# The key of a base image lookup: image, platforms and driver.
BaseKey = tuple[str, tuple[Platform, ...], str]

# Seconds without a change before a registry is queried.
_REST = 0.4


class RunBegun(Message):
    """A run has started."""

    def __init__(self, started: StartedRun) -> None:
        super().__init__()
        self.run, self.warnings = started


class RunRefused(Message):
    """The run of `order` could not start; `cause` may be something that the user can permit."""

    def __init__(self, problem: str, order: BuildOptions, cause: Problem | None = None) -> None:
        super().__init__()
        self.problem = problem
        self.order = order
        self.cause = cause


class BuilderSeen(Message):
    """The state of the engine with another builder."""

    def __init__(self, builder: str, facts: EngineFacts) -> None:
        super().__init__()
        self.builder = builder
        self.facts = facts


class BaseSeen(Message):
    """Whether a base image is available."""

    def __init__(self, key: BaseKey, found: Pullable) -> None:
        super().__init__()
        self.key = key
        self.found = found


class PlanExamined(Message):
    """The permissions that a plan of `order` needs, as Buildx spells them, and its warnings."""

    def __init__(
        self,
        order: BuildOptions,
        facts: EngineFacts | None,
        source: Source,
        allow: tuple[str, ...],
        warnings: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.examined = order, facts, source
        self.allow = allow
        self.warnings = warnings


class Lookups:
    """Runs lookups in threads of `screen`, which receives the results as messages."""

    def __init__(self, screen: Widget, backend: Backend) -> None:
        self._screen, self._backend = screen, backend
        self.starting = False
        self._builder = ""
        self._builder_facts: EngineFacts | None = None
        self._seen_with: EngineFacts | None = None
        # None: lookup in progress.
        self._bases: dict[BaseKey, Pullable | None] = {}
        self._resting: Timer | None = None
        self._examined: PlanExamined | None = None
        self._examine_wait: Timer | None = None

    @property
    def allowed(self) -> tuple[str, ...]:
        """The permissions needed by the last examined plan."""
        return self._examined.allow if self._examined else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The preflight warnings of the last examined plan."""
        return self._examined.warnings if self._examined else ()

    def examine_plan(self, order: BuildOptions, facts: EngineFacts | None, source: Source) -> None:
        """Read a plan's permissions and warnings once it has not changed for a moment.

        Reading them follows links on disk, and imports more than the first paint may.
        """
        seen = self._examined
        if seen is not None and seen.examined == (order, facts, source):
            return

        def read() -> None:
            allow = self._backend.chosen_beyond(order, source)
            known = facts is not None and facts.answers and order.selection
            warnings = self._backend.warnings(order, facts, source) if facts and known else ()
            self._screen.post_message(PlanExamined(order, facts, source, allow, warnings))

        def begin() -> None:
            self._screen.run_worker(read, thread=True, exclusive=True, group="plan")

        if self._examine_wait is not None:
            self._examine_wait.stop()
        self._examine_wait = self._screen.set_timer(_REST, begin)

    def plan_examined(self, message: PlanExamined) -> bool:
        """Store a result; return whether it differs from the previous one."""
        before = self.allowed, self.warnings
        self._examined = message
        return (message.allow, message.warnings) != before

    def start(
        self,
        order: BuildOptions,
        facts: EngineFacts,
        source: Source,
        remember: tuple[Permission, ...] = (),
    ) -> None:
        """Start a run; `RunBegun` or `RunRefused` follows, after which `starting` must be reset.

        What is built is read again; if it differs from `source`, `SourceFound` comes first.
        `remember` are the permissions to remember for this folder.
        """
        self.starting = True

        def begin() -> None:
            found = found_source(self._backend)
            now = found.source
            if now != source:
                self._screen.post_message(found)
            if now is None:
                self._screen.post_message(RunRefused("", order))
                return
            try:
                if gone := set(order.selection) - {variant.name for variant in now.variants}:
                    raise UsageProblem(
                        f"no longer in the build definition: {', '.join(sorted(gone))}"
                    )
                # The user allowed what the definition had then.
                if remember and now == source:
                    self._backend.remember_allowed(now, remember)
                started = self._backend.start(order, facts, now)
            except Problem as problem:
                self._screen.post_message(RunRefused(str(problem), order, problem))
            except OSError as error:
                self._screen.post_message(RunRefused(str(error), order))
            else:
                self._screen.post_message(RunBegun(started))

        self._screen.run_worker(begin, thread=True, exclusive=True, group="start")

    def facts(self, builder: str, usual: EngineFacts | None) -> EngineFacts | None:
        """Return the facts with `builder`, `usual` without one; None until they are known."""
        if not builder:
            return usual
        return self._builder_facts if builder == self._builder else None

    def look_at_builder(self, builder: str, usual: EngineFacts | None) -> None:
        """Read the facts with `builder` if it or the `usual` facts changed."""
        if not builder or usual is None:
            return
        if builder == self._builder and usual is self._seen_with:
            return
        if builder != self._builder:
            self._builder_facts = None
        self._builder, self._seen_with = builder, usual

        def read() -> None:
            facts = self._backend.facts_of(builder)
            self._screen.post_message(BuilderSeen(builder, facts))

        self._screen.run_worker(read, thread=True, exclusive=True, group="builder")

    def builder_seen(self, message: BuilderSeen) -> None:
        """Store a result, unless another builder was chosen meanwhile."""
        if message.builder == self._builder:
            self._builder_facts = message.facts

    def look_for_base_soon(self, look: Callable[[], None]) -> None:
        """Call `look` after a moment without changes."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self._screen.set_timer(_REST, look)

    def look_for_base(self, order: BuildOptions, facts: EngineFacts | None) -> None:
        """Look up the base image, once per platforms and driver."""
        if not order.base_image or not order.selection or facts is None or not facts.answers:
            return
        key = _key(order, facts)
        if key in self._bases:
            return
        self._bases[key] = None

        def read() -> None:
            self._screen.post_message(BaseSeen(key, self._backend.look_for(*key)))

        self._screen.run_worker(read, thread=True, group="base")

    def base_seen(self, message: BaseSeen) -> None:
        """Store a result."""
        self._bases[message.key] = message.found

    def base_is_open(self, order: BuildOptions, facts: EngineFacts) -> bool:
        """Return whether the current base image hasn't been looked up yet."""
        return bool(order.base_image) and _key(order, facts) not in self._bases

    def base_obstacle(self, order: BuildOptions, facts: EngineFacts) -> str:
        """Return why the base image certainly can't be used; '' if it may be."""
        key = _key(order, facts)
        if not order.base_image or key not in self._bases:
            return ""
        found = self._bases[key]
        if found is None:
            return f"looking for {order.base_image}…"
        trouble, certain = base_trouble(found, order)
        return trouble if certain else ""

    def base_cautions(self, order: BuildOptions, facts: EngineFacts | None) -> tuple[str, ...]:
        """Return warnings about the base image."""
        found = self._bases.get(_key(order, facts)) if order.base_image and facts else None
        trouble = base_trouble(found, order)[0] if found is not None else ""
        return (f"the base image may not be available: {trouble}",) if trouble else ()


def _key(order: BuildOptions, facts: EngineFacts) -> BaseKey:
    return order.base_image, order.platforms, facts.driver


def base_trouble(found: Pullable, order: BuildOptions) -> tuple[str, bool]:
    """Return what is wrong with the base image, and whether that is certain."""
    from openhqm_tui.domain.remedies import Reach

    if missing := found.missing(order.platforms):
        names = ", ".join(str(platform) for platform in missing)
        return f"{order.base_image} is not available for {names}: choose another base image", True
    if found.reach is Reach.OK:
        return "", False
    # The engine may know better: it has mirrors and logins of its own.
    unsure = {Reach.NETWORK, Reach.TLS, Reach.AUTH, Reach.RATE_LIMIT, Reach.OTHER}
    return found.detail, found.reach not in unsure
