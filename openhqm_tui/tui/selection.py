"""What a person has chosen to build: cells of variants and platforms, a name, a tag."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.platforms import Platform

Cell = tuple[str, Platform]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen cells with the names that the images will have."""

    cells: frozenset[Cell] = frozenset()
    name: str = "openhqm"
    tag: str = "latest"

    def with_cells(self, cells: Iterable[Cell], *, chosen: bool) -> Selection:
        """Return the selection with those cells chosen, or left out."""
        changed = self.cells | set(cells) if chosen else self.cells - set(cells)
        return msgspec.structs.replace(self, cells=changed)

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


def commands_for(
    rows: dict[str, tuple[Platform, ...]], everything: int, name: str, tag: str
) -> list[str]:
    """Return the commands that build the same: one for every set of platforms.

    `everything` is how many variants there are: all of them are `--build-all`.
    """
    groups: dict[tuple[Platform, ...], list[str]] = {}
    for variant, platforms in rows.items():
        groups.setdefault(platforms, []).append(variant)
    lines = []
    for platforms, variants in groups.items():
        words = ["openhqm-tui", "build"]
        if len(variants) == everything:
            words.append("--build-all")
        else:
            words += [word for variant in variants for word in ("--backend", variant)]
        words += ["--platforms", ",".join(str(platform) for platform in platforms)]
        if name != "openhqm":
            words += ["--name", name]
        if tag != "latest":
            words += ["--tag", tag]
        lines.append(shlex.join(words))
    return lines
