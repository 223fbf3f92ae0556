"""What a person has chosen to build: cells of variants and platforms."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.platforms import Platform

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
