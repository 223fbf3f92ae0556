"""Choices that are made for a person, as cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.domain.status import Status

if TYPE_CHECKING:
    from openhqm_tui.domain.plan import Source
    from openhqm_tui.engine.facts import EngineFacts
    from openhqm_tui.tui.past import Key, PastLane
    from openhqm_tui.tui.selection import Cell

USUAL = (parse_platform("linux/amd64"), parse_platform("linux/arm64"))
_NOT_WELL = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def first_columns(source: Source | None) -> tuple[Platform, ...]:
    """Return the platforms to begin with: those that a bake file names, else the two usual."""
    named: dict[Platform, None] = {}
    for body in source.bake_targets.values() if source else ():
        for text in body.get("platforms") or ():
            try:
                named[parse_platform(str(text))] = None
            except UsageProblem:
                continue
    return tuple(named) or USUAL


def every_cell(variants: Iterable[str], platforms: Iterable[Platform]) -> list[Cell]:
    """Return all cells."""
    platforms = list(platforms)
    return [(variant, platform) for variant in variants for platform in platforms]


def native_cells(cells: Iterable[Cell], facts: EngineFacts) -> list[Cell]:
    """Return the cells that need no emulator here."""
    return [cell for cell in cells if facts.how(cell[1]) == "native"]


def failed_cells(cells: Iterable[Cell], past: Mapping[Key, PastLane]) -> list[Cell]:
    """Return the cells whose latest build failed, was cancelled or is unproved."""
    found = []
    for variant, platform in cells:
        lane = past.get((variant, str(platform)))
        if lane is not None and lane.status in _NOT_WELL:
            found.append((variant, platform))
    return found
