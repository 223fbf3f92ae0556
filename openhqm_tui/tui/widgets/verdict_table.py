"""The table of lanes and checks: what the mouse is on explains itself."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.content import Content

from openhqm_tui.tui.widgets.cell_table import CellTable


class VerdictTable(CellTable):
    """A table by cells; `explain` has the words for a row (-1: the heading) and a column.

    `name` is what a column is called in full, where there is no room for its title.
    """

    def __init__(self, explain: Callable[[int, int], str], name: Callable[[int], str]) -> None:
        super().__init__(by_cell=True)
        self._explain = explain
        self._name_of = name
        self._told = ""

    @property
    def fits(self) -> bool:
        """Tell whether all columns are in sight."""
        return self._fits_from(1)

    def name_of(self, column: int) -> str:
        """Return a column's name in full."""
        return self._name_of(column)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain what is under the mouse."""
        told = self._explain(self.row_at(event.y), self._column_at(event.x))
        if told != self._told:
            self._told = told
            # Never a bare string: a tooltip's would be read as markup, and images have their say.
            self.tooltip = Content(told) if told else None
