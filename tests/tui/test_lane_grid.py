"""The layout of lanes: every cell of the grid belongs to exactly one lane."""

from __future__ import annotations

from typing import Any, cast

import pytest
from textual.geometry import Region, Size

from openhqm_tui.tui.run.lane_grid import LaneGrid


class Parent:
    def pre_layout(self, layout: object) -> None:
        pass


def regions(columns: int, rows: int, size: Size, shown: list[int]) -> list[Region]:
    grid = LaneGrid()
    grid.columns, grid.rows = columns, rows
    lanes = [cast(Any, f"lane {place}") for place in range(columns * rows)]
    grid.places = {lane: place for place, lane in enumerate(lanes)}
    children = [lanes[place] for place in shown] + [cast(Any, "on another page")]
    return [it.region for it in grid.arrange(cast(Any, Parent()), children, size)]


@pytest.mark.parametrize("size", [Size(87, 36), Size(100, 17), Size(39, 5)])
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 2), (3, 2), (2, 4)])
def test_lanes_fill_the_area_with_a_column_between(columns, rows, size):
    found = regions(columns, rows, size, list(range(columns * rows)))
    cells = [cell for region in found for cell in cells_of(region)]
    assert len(cells) == len(set(cells)) == (size.width - columns + 1) * size.height
    assert max(region.right for region in found) == size.width
    assert max(region.bottom for region in found) == size.height
    widths = [region.width for region in found]
    assert max(widths) - min(widths) <= 1


def test_a_lane_keeps_its_place_while_others_are_hidden():
    every = regions(2, 2, Size(80, 24), [0, 1, 2, 3])
    assert regions(2, 2, Size(80, 24), [3]) == every[3:]
    assert regions(2, 2, Size(80, 24), [0, 2]) == [every[0], every[2]]


def cells_of(region: Region) -> list[tuple[int, int]]:
    return [(x, y) for x in region.column_range for y in region.line_range]
