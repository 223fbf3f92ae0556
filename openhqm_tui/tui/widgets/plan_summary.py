"""The line under the matrix: what would be built, or why nothing can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.tui.obstacles import NOTHING_CHOSEN, destination
from openhqm_tui.tui.standing import Way
from openhqm_tui.tui.words import count

if TYPE_CHECKING:
    from openhqm_tui.domain.plan import Source
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.tui.services import Order

_FIRST_STEPS = (("Space", "picks"), ("a", "all"), ("m", "native"), ("b", "builds"), ("?", "keys"))


def summary(
    order: Order,
    ways: Mapping[Platform, Way | None],
    time: str,
    source: Source | None,
    *,
    obstacle: str = "",
    caution: str = "",
) -> Content:
    """Return what would be built, how and how long; an obstacle or a caution after it."""
    if obstacle == NOTHING_CHOSEN:
        return _first_steps()
    lanes = [platform for platforms in order.rows.values() for platform in platforms]
    words = Content.styled(
        f"{count(len(order.rows), 'target')} · {count(len(lanes), 'image')}", "bold"
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
    for way in (Way.CROSS, Way.EMULATED, Way.SLOW):
        if number := sum(ways.get(platform) is way for platform in lanes):
            facts.append(f"{number} {way.value}")
    if time:
        facts.append(time)
    facts.append(_outcome(order, source))
    return Content.assemble(
        words,
        *(f" · {one_line(fact)}" for fact in facts),
        (f" · ! {one_line(caution, 300)}", "$text-warning") if caution else "",
    )


def _outcome(order: Order, source: Source | None) -> str:
    if order.test_only:
        return "test only, no image stays"
    return f"push to {destination(order.names, source)}" if order.push else "load"


def _first_steps() -> Content:
    parts = [Content.assemble((key, "bold $primary"), f" {words}") for key, words in _FIRST_STEPS]
    return Content(" · ").join(parts)
