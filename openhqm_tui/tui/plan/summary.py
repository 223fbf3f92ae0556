"""The lines under the matrix: what would be built, or why nothing can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.plan.engine_status import PlatformSupport
from openhqm_tui.tui.plan.validation import NOTHING_CHOSEN, destination

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.platforms import Platform


_FIRST_STEPS = (("Space", "selects"), ("a", "all"), ("m", "native"), ("b", "builds"), ("?", "keys"))


def summary(
    order: BuildOptions,
    ways: Mapping[Platform, PlatformSupport | None],
    time: str,
    source: Source | None,
    *,
    obstacle: str = "",
    cautions: tuple[str, ...] = (),
) -> Content:
    """Return what would be built, how and how long; an obstacle or cautions after it."""
    if obstacle == NOTHING_CHOSEN:
        return _first_steps()
    lanes = [platform for platforms in order.selection.values() for platform in platforms]
    words = Content.styled(
        f"{count_text(len(order.selection), 'target')} · {count_text(len(lanes), 'image')}", "bold"
    )
    if obstacle:
        # What is only being waited for is no fault.
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


def _outcome(order: BuildOptions, source: Source | None) -> str:
    if order.test_only:
        return "test only, no images are kept"
    return f"push to {destination(order.names, source)}" if order.push else "→ local Docker"


def _first_steps() -> Content:
    parts = [Content.assemble((key, "bold $primary"), f" {words}") for key, words in _FIRST_STEPS]
    return Content(" · ").join(parts)


class BuildLine(Horizontal):
    """A summary with the button next to it."""

    DEFAULT_CSS = """
    BuildLine {
        height: auto; min-height: 1; padding: 0 1;
        & #summary { width: 1fr; height: auto; max-height: 4; padding: 0 1 0 0; }
        & #build { width: 13; min-width: 13; }
    }
    """

    def compose(self) -> ComposeResult:
        """Build both."""
        yield Static(id="summary")
        yield Button("Build", id="build", compact=True)

    def show(self, words: Content, *, can_build: bool, starting: bool) -> None:
        """Show the summary, and whether the button works."""
        text = self.query_one("#summary", Static)
        text.update(words)
        # Several long warnings may need more lines than there are.
        text.tooltip = words
        button = self.query_one("#build", Button)
        button.disabled = not can_build
        button.label = Content("Starting…" if starting else "b Build")
        button.variant = "primary" if can_build else "default"
        button.tooltip = "Build the selection." if can_build else words
