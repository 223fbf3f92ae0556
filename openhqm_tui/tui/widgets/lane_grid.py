"""Where each lane stands: columns and rows of equal size, every lane in a place of its own.

Textual's grid has them close ranks whenever one is hidden, and styles all of them anew whenever
the number of columns changes.
"""

from __future__ import annotations

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

_GUTTER = 1


class LaneGrid(Layout):
    """Places widgets by `places`, which counts along the rows; one column lies between two."""

    name = "lanes"

    def __init__(self) -> None:
        self.columns = 1
        self.rows = 1
        self.places: dict[Widget, int] = {}

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002
    ) -> ArrangeResult:
        """Return where those of the widgets are that have a place."""
        parent.pre_layout(self)
        return [
            WidgetPlacement(self._region(place, size), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if (place := self.places.get(child)) is not None
        ]

    def _region(self, place: int, size: Size) -> Region:
        row, column = divmod(place, self.columns)
        room = size.width - _GUTTER * (self.columns - 1)
        left, right = (room * at // self.columns for at in (column, column + 1))
        top, bottom = (size.height * at // self.rows for at in (row, row + 1))
        return Region(left + _GUTTER * column, top, right - left, bottom - top)
