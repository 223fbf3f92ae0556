"""What is known of one variant, beside the matrix."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from openhqm_tui.domain.plan import tags_of
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.variants import Variant
from openhqm_tui.tui.marks import status_mark
from openhqm_tui.tui.past import PastLane
from openhqm_tui.tui.selection import Selection
from openhqm_tui.tui.words import clock, size


def describe(
    variant: Variant,
    selection: Selection,
    platforms: Iterable[Platform],
    past: dict[tuple[str, str], PastLane],
    commands: list[str],
) -> Content:
    """Return title, clients, tags, last results, and the command for all that is chosen."""
    lines = [
        Content.assemble((variant.name, "$primary bold"), f" — {variant.title}"),
        _field("adds", [client.distribution for client in variant.clients] or ["nothing"]),
        _field("tags", _tags(variant, selection)),
    ]
    for platform in platforms:
        lane = past.get((variant.name, str(platform)))
        if lane is not None:
            mark = status_mark(lane.status)
            facts = f" {clock(lane.seconds)}" + (f" · {size(lane.size)}" if lane.size else "")
            lines.append(
                Content.assemble(
                    ("last   ", "$foreground-muted"), f"{platform} ", mark.content, facts
                )
            )
    if commands:
        lines.append(Content(""))
        lines.append(
            Content.styled("all that is chosen, as a command (y copies it)", "$foreground-muted")
        )
        lines += [Content(f"$ {command}") for command in commands]
    return Content("\n").join(lines)


def _field(name: str, values: list[str]) -> Content:
    return Content.assemble((f"{name:<7}", "$foreground-muted"), ", ".join(values))


def _tags(variant: Variant, selection: Selection) -> list[str]:
    try:
        return list(tags_of(variant, selection.name, selection.tag))
    except Problem:
        return ["–"]
