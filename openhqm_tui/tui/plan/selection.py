"""What is selected to build: cells of targets and platforms, and presets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, Platform, parse_platform
from openhqm_tui.domain.run.status import Status

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.tui.history.past_runs import Key, PastLane


Cell = tuple[str, Platform]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen cells."""

    cells: frozenset[Cell] = frozenset()

    def with_cells(self, cells: Iterable[Cell], *, chosen: bool) -> Selection:
        """Return the selection with those cells chosen, or left out."""
        return Selection(cells=self.cells | set(cells) if chosen else self.cells - set(cells))

    def toggled(self, cells: Iterable[Cell]) -> Selection:
        """Return the selection with those cells chosen, or left out if all of them are."""
        cells = list(cells)
        return self.with_cells(cells, chosen=not self.cells.issuperset(cells))

    def by_variant(
        self, variants: Iterable[str], platforms: Iterable[Platform]
    ) -> dict[str, tuple[Platform, ...]]:
        """Return the platforms of every chosen variant, both in the order given."""
        platforms = list(platforms)
        rows = {v: tuple(p for p in platforms if (v, p) in self.cells) for v in variants}
        return {variant: chosen for variant, chosen in rows.items() if chosen}


_NOT_WELL = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def first_columns(source: Source | None) -> tuple[Platform, ...]:
    """Return the platforms to begin with: those that a bake file names, else the default."""
    named: dict[Platform, None] = {}
    for body in source.bake_targets.values() if source else ():
        for text in body.get("platforms") or ():
            try:
                named[parse_platform(str(text))] = None
            except UsageProblem:
                continue
    return tuple(named) or DEFAULT_PLATFORMS


def every_cell(variants: Iterable[str], platforms: Iterable[Platform]) -> list[Cell]:
    """Return all cells."""
    platforms = list(platforms)
    return [(variant, platform) for variant in variants for platform in platforms]


def native_cells(cells: Iterable[Cell], facts: EngineFacts) -> list[Cell]:
    """Return the cells that need no emulator here."""
    return [cell for cell in cells if facts.how(cell[1]) == "native"]


def failed_cells(cells: Iterable[Cell], past: Mapping[Key, PastLane]) -> list[Cell]:
    """Return the cells whose latest build failed, was cancelled or wasn't verified."""
    found = []
    for variant, platform in cells:
        lane = past.get((variant, str(platform)))
        if lane is not None and lane.status in _NOT_WELL:
            found.append((variant, platform))
    return found
