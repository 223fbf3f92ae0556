"""The column of the Plan screen in which things are chosen, and how it shares its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from openhqm_tui.tui.plan.fields import PlanFields
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.summary import BuildLine

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.options import BuildOptions

# A screen as wide has the side beside this column, one as high as well room for every field.
WIDE, HIGH = 108, 30
# How wide the column is beside the side, and how high the matrix is, at least.
_LEAST_WIDTH, _LEAST_HEIGHT = 74, 5
_BAR_STATUS_KEYS = 3


class PlanLayout(Horizontal):
    """The container of the column and the details, as high as the screen allows."""

    def on_resize(self) -> None:
        """Have the room shared again."""
        for choice in self.query(PlanChoice):
            if choice.children:
                choice.share_room()


class PlanChoice(Vertical):
    """Matrix, fields and the line that builds; fields fold away where there is no room."""

    def __init__(self, order: BuildOptions, *, id: str) -> None:
        super().__init__(id=id)
        self._order = order
        self._unfolded = False

    def compose(self) -> ComposeResult:
        """Build the three."""
        yield Matrix()
        yield PlanFields(self._order)
        yield BuildLine()

    def on_resize(self) -> None:
        """Share the room that there is now."""
        self.share_room()

    def unfold(self) -> None:
        """Show all fields, or fold all but the names away."""
        self._unfolded = self.query_one(PlanFields).has_class("-folded")
        self.share_room()

    def share_room(self) -> None:
        """Show the fields that there is room for, and give the matrix what it needs of the rest."""
        width, height = self.screen.size
        wide = width >= WIDE
        whole = wide and height >= HIGH
        fields, matrix = self.query_one(PlanFields), self.query_one(Matrix)
        fields.fold(not whole and not self._unfolded)
        if wide:
            needed = min(matrix.full_width + 2, width * 2 // 3)
            self.styles.width = max(_LEAST_WIDTH, needed)
        else:
            self.styles.width = "100%"
        assert isinstance(self.parent, Widget)
        room = self.parent.size.height or height - _BAR_STATUS_KEYS
        # Fields, summary and the lines between them; under them what the variant is.
        below = (3 if whole or self._unfolded else 2) + 2 + (3 if wide else 0)
        side = 0 if wide else max(3, height // 6)
        matrix.styles.max_height = max(_LEAST_HEIGHT, room - below - side)
