"""Variants by platforms: every cell is an image that can be chosen."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.state import Status
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import lit, status_mark
from openhqm_tui.tui.past import PastLane
from openhqm_tui.tui.selection import Cell, Selection
from openhqm_tui.tui.words import clock, size

_HEAD_LINES = 2
_NAMES = 14
_COLUMN = 24
_HOW = {
    "native": ("native", "$text-success"),
    "emulated": ("emulated", "$text-warning"),
    "none": ("! no emulator", "$text-error"),
}


class Matrix(Widget, can_focus=True):
    """The cells, their headings, and a cursor over both; headings choose whole rows, columns."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("matrix")
    DEFAULT_CSS = """
    Matrix { width: auto; height: auto; text-wrap: nowrap; }
    """

    class Changed(Message):
        """Other cells are chosen now."""

        def __init__(self, selection: Selection) -> None:
            super().__init__()
            self.selection = selection

    class Moved(Message):
        """The cursor is elsewhere."""

    class Build(Message):
        """Somebody wants what is chosen built."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.variants: tuple[str, ...] = ()
        self.platforms: tuple[Platform, ...] = ()
        self.selection = Selection()
        self.facts: EngineFacts | None = None
        self.past: dict[tuple[str, str], PastLane] = {}
        # Row -1 is the platforms' heading, column -1 the variants' names.
        self.row = 0
        self.column = 0

    @property
    def variant(self) -> str:
        """The variant that the cursor is on; the first while it is on the heading."""
        return self.variants[max(0, self.row)] if self.variants else ""

    def show(
        self,
        variants: tuple[str, ...],
        platforms: tuple[Platform, ...],
        selection: Selection,
        facts: EngineFacts | None,
        past: dict[tuple[str, str], PastLane],
    ) -> None:
        """Show all this; the cursor stays where it is if it can."""
        self.variants, self.platforms, self.selection = variants, platforms, selection
        self.facts, self.past = facts, past
        # Before the variants are known there is no row to stand on, nor a reason to leave it.
        if variants:
            self.row = min(self.row, len(variants) - 1)
            self.column = min(self.column, len(platforms) - 1)
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        """Return the width of names and columns."""
        return _NAMES + _COLUMN * len(self.platforms)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return headings and rows."""
        return _HEAD_LINES + len(self.variants)

    def render(self) -> Content:
        """Draw headings and rows."""
        if not self.variants:
            return Content.styled("looking for what can be built…", "$foreground-muted")
        lines = [self._heading(), self._hows()]
        lines += [self._row(index, variant) for index, variant in enumerate(self.variants)]
        return Content("\n").join(lines)

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor; it stops at the edges."""
        self._go(self.row + rows, self.column + columns)

    def action_choose(self) -> None:
        """Choose what the cursor is on, or leave it out."""
        self._toggle(self.row, self.column)

    def action_row(self) -> None:
        """Choose the row, or leave it out."""
        self._toggle(self.row, -1)

    def action_column(self) -> None:
        """Choose the column, or leave it out."""
        self._toggle(-1, self.column)

    def action_build(self) -> None:
        """Ask for the build."""
        self.post_message(self.Build())

    def on_click(self, event: events.Click) -> None:
        """Choose what is clicked, or leave it out."""
        row = event.y - _HEAD_LINES
        column = (event.x - _NAMES) // _COLUMN
        if row < len(self.variants) and column < len(self.platforms):
            row, column = max(-1, row), max(-1, column)
            self._go(row, column)
            self._toggle(row, column)

    def _go(self, row: int, column: int) -> None:
        self.row = max(-1, min(len(self.variants) - 1, row))
        self.column = max(-1, min(len(self.platforms) - 1, column))
        self.refresh()
        self.post_message(self.Moved())
        if isinstance(self.parent, Widget):
            left = 0 if self.column < 1 else _NAMES + _COLUMN * self.column
            top = 0 if self.row < 1 else _HEAD_LINES + self.row
            self.parent.scroll_to_region(Region(left, top, _COLUMN, 1), animate=False)

    def _cells(self, row: int, column: int) -> list[Cell]:
        variants = self.variants if row < 0 else (self.variants[row],)
        platforms = self.platforms if column < 0 else (self.platforms[column],)
        return [(variant, platform) for variant in variants for platform in platforms]

    def _toggle(self, row: int, column: int) -> None:
        if self.variants and self.platforms:
            self.selection = self.selection.toggled(self._cells(row, column))
            self.refresh()
            self.post_message(self.Changed(self.selection))

    def _box(self, cells: list[Cell]) -> tuple[str, str]:
        chosen = sum(cell in self.selection.cells for cell in cells)
        if chosen == 0:
            return "[ ]", "$foreground-muted"
        return ("[x]", "$primary bold") if chosen == len(cells) else ("[-]", "$primary")

    def _lit(self, part: Content, row: int, column: int, width: int) -> Content:
        """Pad a cell, and mark it if the cursor is on it."""
        part = part.truncate(width - 1, ellipsis=True)
        part = part.pad_right(max(0, width - part.cell_length))
        if (row, column) == (self.row, self.column):
            marked = Content.assemble(("▌", "$primary"), part[1:])
            return lit(marked, focused=self.has_focus)
        return part

    def _heading(self) -> Content:
        box = self._box(self._cells(-1, -1))
        parts = [self._lit(Content.assemble(" ", box, (" all rows", "")), -1, -1, _NAMES)]
        for index, platform in enumerate(self.platforms):
            box = self._box(self._cells(-1, index))
            part = Content.assemble(" ", box, " ", (str(platform), "bold"))
            parts.append(self._lit(part, -1, index, _COLUMN))
        return Content.assemble(*parts)

    def _hows(self) -> Content:
        parts = [" " * _NAMES]
        line: list[str | tuple[str, str]] = list(parts)
        for platform in self.platforms:
            word, style = ("", "")
            if self.facts is not None and self.facts.answers:
                word, style = _HOW[self.facts.how(platform)]
            line.append((f"     {word}".ljust(_COLUMN), style))
        return Content.assemble(*line)

    def _row(self, row: int, variant: str) -> Content:
        box = self._box(self._cells(row, -1))
        name = Content.assemble(" ", box, " ", (variant, "bold" if row == self.row else ""))
        parts = [self._lit(name, row, -1, _NAMES)]
        for column, platform in enumerate(self.platforms):
            box = self._box([(variant, platform)])
            cell = Content.assemble(" ", box, " ", self._last(variant, platform))
            parts.append(self._lit(cell, row, column, _COLUMN))
        return Content.assemble(*parts)

    def _last(self, variant: str, platform: Platform) -> Content:
        past = self.past.get((variant, str(platform)))
        if past is None:
            return Content.styled("–", "$foreground-muted")
        mark = status_mark(past.status)
        if past.status in {Status.PASSED, Status.DONE}:
            facts = f" {clock(past.seconds)}" + (f" {size(past.size)}" if past.size else "")
            return Content.assemble((mark.symbol, mark.style), facts)
        return Content.assemble((f"{mark.symbol} {mark.word}", mark.style))
