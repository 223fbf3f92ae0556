"""The table of lanes and checks: what the mouse is on explains itself."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.content import Content

from openhqm_tui.tui.widgets.cell_table import CellTable


class VerdictTable(CellTable):
    """A table by cells; `explain` has the words for a row (-1: the heading) and a column."""

    def __init__(self, explain: Callable[[int, int], str]) -> None:
        super().__init__(by_cell=True)
        self._explain = explain
        self._told = ""

    @property
    def fits(self) -> bool:
        """Tell whether all columns are in sight."""
        return self._fits_from(1)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain what is under the mouse."""
        row = event.y - 1 + self._top if event.y else -1
        told = self._explain(row, self._column_at(event.x))
        if told != self._told:
            self._told = told
            # Never a bare string: a tooltip's would be read as markup, and images have their say.
            self.tooltip = Content(told) if told else None
