"""The column of the Plan screen: how it shares its space, and the summary with its button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.plan.image_names import full_name
from openhqm_tui.domain.plan.options import has_own_tags
from openhqm_tui.domain.plan.outputs import artifact_text, artifacts_of, builds_image
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.plan.engine_status import PlatformSupport
from openhqm_tui.tui.plan.fields import PlanFields
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.source_line import SourceLine
from openhqm_tui.tui.widgets.filter_bar import FilterBar

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.engine.docker.facts import EngineFacts

NOTHING_SELECTED = "nothing selected"
_FIRST_STEPS = (("Space", "selects"), ("a", "all"), ("m", "native"), ("b", "builds"), ("?", "keys"))
_MOST_PLACES = 3


def summary(
    order: BuildOptions,
    ways: Mapping[Platform, PlatformSupport | None],
    time: str,
    source: Source | None,
    *,
    obstacle: str = "",
    cautions: tuple[str, ...] = (),
) -> Content:
    """Return what would be built, how and how long, followed by an obstacle or warnings."""
    if obstacle == NOTHING_SELECTED:
        return _first_steps()
    lanes = [platform for platforms in order.selection.values() for platform in platforms]
    made = products(order, source)
    words = Content.styled(" · ".join([count_text(len(order.selection), "target"), *made]), "bold")
    if obstacle:
        # Waiting for information is not an error.
        waits = obstacle.endswith("…")
        what = f"{'' if waits else '✗ '}{one_line(obstacle, 300)}"
        style = "$foreground-muted" if waits else "$text-error"
        return (
            Content.assemble(words, " · ", (what, style)) if lanes else Content.styled(what, style)
        )
    facts = []
    for way in (PlatformSupport.CROSS, PlatformSupport.EMULATED, PlatformSupport.SLOW):
        if number := sum(ways.get(platform) is way for platform in lanes):
            facts.append(f"{number} {way.value}")
    if time:
        facts.append(time)
    facts.append(_outcome(order, source))
    return Content.assemble(
        words,
        *(f" · {one_line(fact)}" for fact in facts),
        *((f" · ! {one_line(caution, 500)}", "$text-warning") for caution in cautions),
    )


def products(order: BuildOptions, source: Source | None) -> list[str]:
    """Return the numbers of images and of artifacts, which are built but not checked."""
    images, artifacts = _products(order, source)
    words = [count_text(images, "image")] if images or not artifacts else []
    return words + ([count_text(len(artifacts), "artifact")] if artifacts else [])


def _products(order: BuildOptions, source: Source | None) -> tuple[int, list[str]]:
    """Return the number of images, and where the artifacts go."""
    bodies = source.bake_targets if source is not None else {}
    images, artifacts = 0, []
    for name, platforms in order.selection.items():
        body = bodies.get(name, {})
        images += len(platforms) if builds_image(body) else 0
        artifacts += [artifact_text(one) for one in artifacts_of(body)]
    return images, artifacts


def _outcome(order: BuildOptions, source: Source | None) -> str:
    images, artifacts = _products(order, source)
    places = [text.removeprefix("→ ") for text in artifacts if text.startswith("→ ")]
    more = [f"+{len(places) - _MOST_PLACES}"] if len(places) > _MOST_PLACES else []
    written = f"artifacts → {', '.join([*places[:_MOST_PLACES], *more])}" if places else ""
    if images and order.test_only:
        kept = "test only, no images are kept"
    elif images:
        kept = f"push to {destination(order.names, source)}" if order.push else "→ local Docker"
    else:
        kept = "" if written else "nothing is kept"
    return " · ".join(filter(None, (kept, written)))


def destination(names: tuple[str, ...], source: Source | None = None) -> str:
    """Return where images of these names are pushed, including the registry that Docker implies."""
    if source is not None and has_own_tags(source):
        return "the tags in the bake file"
    return " and ".join(full_name(name) for name in names)


def obstacle_in(order: BuildOptions, facts: EngineFacts) -> str:
    """Return why the engine can't build or check `order`; '' if it can."""
    if not order.selection:
        return NOTHING_SELECTED
    # Imported here: it is more than the first paint may import.
    from openhqm_tui.run.start.preflight import obstacles

    found = next(obstacles(order, facts), None)
    return f"{found.what}; {found.in_console}" if found else ""


def _first_steps() -> Content:
    parts = [Content.assemble((key, "bold $primary"), f" {words}") for key, words in _FIRST_STEPS]
    return Content(" · ").join(parts)


class BuildLine(Horizontal):
    """The summary and the build button."""

    DEFAULT_CSS = """
    BuildLine {
        height: auto; min-height: 1; padding: 0 1;
        & #summary { width: 1fr; height: auto; max-height: 4; padding: 0 1 0 0; }
        & #build { width: 13; min-width: 13; }
    }
    """

    def compose(self) -> ComposeResult:
        """Build summary and button."""
        yield Static(id="summary")
        yield Button("Build", id="build", compact=True)

    def show(self, words: Content, *, can_build: bool, starting: bool) -> None:
        """Show the summary, and enable or disable the button."""
        text = self.query_one("#summary", Static)
        text.update(words)
        # Several long warnings may not fit.
        text.tooltip = words
        button = self.query_one("#build", Button)
        button.disabled = not can_build
        button.label = Content("Starting…" if starting else "b Build")
        button.variant = "primary" if can_build else "default"
        button.tooltip = "Build the selection." if can_build else words


# From this width the details are beside the column; from this height all fields fit.
WIDE, HIGH = 108, 30
# The minimum width of the column next to the details, and height of the matrix.
_LEAST_WIDTH, _LEAST_HEIGHT = 74, 5
_BAR_STATUS_KEYS = 3


class PlanLayout(Horizontal):
    """The container of the column and the details."""

    def on_resize(self) -> None:
        """Update the layout."""
        for choice in self.query(PlanChoice):
            if choice.children:
                choice.share_room()


class PlanChoice(Vertical):
    """Source, matrix, fields and build line; fields are collapsed if they don't fit."""

    def __init__(self, order: BuildOptions, *, id: str) -> None:
        super().__init__(id=id)
        self._order = order
        self._unfolded = False

    def compose(self) -> ComposeResult:
        """Build source, matrix, fields and build line."""
        yield SourceLine()
        yield FilterBar()
        yield Matrix()
        yield PlanFields(self._order)
        yield BuildLine()

    def on_resize(self) -> None:
        """Update the layout."""
        self.share_room()

    def unfold(self) -> None:
        """Show all fields, or collapse all but the names."""
        self._unfolded = self.query_one(PlanFields).has_class("-folded")
        self.share_room()

    def share_room(self) -> None:
        """Show as many fields as fit, and give the matrix the height that it needs."""
        width, height = self.screen.size
        wide = width >= WIDE
        whole = wide and height >= HIGH
        fields, matrix = self.query_one(PlanFields), self.query_one(Matrix)
        fields.fold(not whole and not self._unfolded)
        if wide:
            needed = min(matrix.full_width + 2, width * 2 // 3)
            self.styles.width = max(_LEAST_WIDTH, needed)
        else:
            self.styles.width = "100%"
        assert isinstance(self.parent, Widget)
        room = self.parent.size.height or height - _BAR_STATUS_KEYS
        above = 1 + self.query_one(FilterBar).has_class("-shown") + (1 if wide else 0)
        # Fields, summary and the lines between them, with the details below.
        below = (3 if whole or self._unfolded else 2) + 2 + (3 if wide else 0)
        side = 0 if wide else max(3, height // 6)
        matrix.styles.max_height = max(_LEAST_HEIGHT, room - above - below - side)
