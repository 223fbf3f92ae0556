"""Variants by platforms: every cell is an image that can be selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from openhqm_tui.domain.formatting import duration_text, size_text
from openhqm_tui.domain.names import cut_middle, shortened
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, LOCAL, Platform, own_platforms
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import highlighted, past_mark
from openhqm_tui.tui.plan.engine_status import PlatformSupport

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.tui.history.past_runs import Key, PastLane

Cell = tuple[str, Platform]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The selected cells."""

    cells: frozenset[Cell] = frozenset()

    def with_cells(self, cells: Iterable[Cell], *, chosen: bool) -> Selection:
        """Return the selection with some cells added or removed."""
        return Selection(cells=self.cells | set(cells) if chosen else self.cells - set(cells))

    def toggled(self, cells: Iterable[Cell]) -> Selection:
        """Return the selection with some cells added, or removed if all of them are selected."""
        cells = list(cells)
        return self.with_cells(cells, chosen=not self.cells.issuperset(cells))

    def by_variant(
        self, variants: Iterable[str], platforms: Iterable[Platform]
    ) -> dict[str, tuple[Platform, ...]]:
        """Return the platforms of each selected variant, both in the given order."""
        platforms = list(platforms)
        rows = {v: tuple(p for p in platforms if (v, p) in self.cells) for v in variants}
        return {variant: chosen for variant, chosen in rows.items() if chosen}


_NOT_WELL = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def first_columns(source: Source | None, native: Platform | None) -> tuple[Platform, ...]:
    """Return the initial platforms: those in the bake file, else the default.

    `native` is the builder's own platform, for targets without any; None: not known yet.
    """
    named: dict[Platform, None] = {}
    for body in source.bake_targets.values() if source else ():
        named |= dict.fromkeys(_named_platforms(body, native))
    return tuple(named) or DEFAULT_PLATFORMS


def own_cells(
    source: Source | None, platforms: Iterable[Platform], native: Platform | None
) -> list[Cell]:
    """Return the cells that are built by default: of a bake file's target, its own platforms."""
    platforms, found = list(platforms), []
    for name in (variant.name for variant in source.variants) if source else ():
        named = _named_platforms(source.bake_targets.get(name, {}), native) if source else ()
        own = [platform for platform in platforms if platform in named]
        found += [(name, platform) for platform in own or platforms]
    return found


def platforms_of(source: Source | None, native: Platform | None) -> dict[str, tuple[Platform, ...]]:
    """Return the own platforms of a definition's targets, in their order."""
    names = (variant.name for variant in source.variants) if source else ()
    bodies = source.bake_targets if source else {}
    return {name: _named_platforms(bodies[name], native) for name in names if name in bodies}


def _named_platforms(body: Mapping[str, Any], native: Platform | None) -> tuple[Platform, ...]:
    texts = body.get("platforms") or ()
    if native is None:
        texts = [text for text in texts if text != LOCAL]
        own, _ = own_platforms(texts, DEFAULT_PLATFORMS[0])
        return tuple(platform for platform, text in own.items() if text)
    return tuple(own_platforms(texts, native)[0]) if body else ()


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


_HEAD_LINES = 2
_LEAST_NAMES, _MOST_NAMES = 14, 32
# Minimum and maximum width of the descriptions after the cells.
_LEAST_TITLES, _MOST_TITLES = 24, 60
_COLUMN = 22
# Wide enough for the note about a slow emulator.
_WIDE_COLUMN = 30
# Cursor edge, checkbox and spaces.
_BEFORE_NAME = 5
_WAYS = {
    PlatformSupport.NATIVE: ("native", "$text-success"),
    PlatformSupport.CROSS: ("cross", "$foreground-muted"),
    PlatformSupport.EMULATED: ("emulated", "$text-warning"),
    PlatformSupport.SLOW: ("emulated, slow: 5 Doctor", "$text-warning"),
    PlatformSupport.NONE: ("! no emulator", "$text-error"),
}


class Matrix(ScrollView, can_focus=True):
    """Cells and headings with a cursor; headings select whole rows or columns.

    Headings and names stay visible while the cells scroll.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("matrix")
    DEFAULT_CSS = """
    Matrix { width: 100%; height: auto; scrollbar-size: 1 1; }
    """

    class Changed(Message):
        """The selection has changed."""

        def __init__(self, selection: Selection) -> None:
            super().__init__()
            self.selection = selection

    class Moved(Message):
        """The cursor has moved."""

    class Build(Message):
        """A request to build."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.variants: tuple[str, ...] = ()
        self.platforms: tuple[Platform, ...] = ()
        self.selection = Selection()
        self.ways: dict[Platform, PlatformSupport | None] = {}
        self.nodes: dict[Platform, str] = {}
        self.past: dict[Key, PastLane] = {}
        self.note = ""
        self.own: frozenset[Cell] = frozenset()
        self.artifacts: Mapping[str, str] = {}
        self.titles: Mapping[str, str] = {}
        self._corner = "all rows"
        # Row -1 is the heading with platforms, column -1 the names of variants.
        self.row = 0
        self.column = 0

    @property
    def variant(self) -> str:
        """The variant at the cursor; the first if the cursor is on the heading."""
        return self.variants[max(0, self.row)] if self.variants else ""

    @property
    def platform(self) -> Platform | None:
        """The platform at the cursor; None if it is on a name."""
        return self.platforms[self.column] if 0 <= self.column < len(self.platforms) else None

    @property
    def names_width(self) -> int:
        """The width of the names, in full if they fit."""
        # Also without a scrollbar, or it would make the rows too wide as it appears.
        width = self.outer_size.width - self.scrollbar_size_vertical
        room = max(_MOST_NAMES, width - self._cells_width)
        most = max(_LEAST_NAMES, min(room, width - self._column))
        return min(self._names_need, most)

    @property
    def full_width(self) -> int:
        """The width of everything."""
        longest = max((cell_len(title) + 2 for title in self.titles.values()), default=0)
        return self._names_need + self._cells_width + min(longest, _MOST_TITLES)

    @property
    def _titles_width(self) -> int:
        """The width of the descriptions; 0 if they don't fit after names and cells."""
        room = self.size.width - self.names_width - self._cells_width
        return min(room, _MOST_TITLES) if self.titles and room >= _LEAST_TITLES else 0

    @property
    def _column(self) -> int:
        return _WIDE_COLUMN if PlatformSupport.SLOW in self.ways.values() else _COLUMN

    @property
    def _names_need(self) -> int:
        longest = max((cell_len(variant) for variant in self.variants), default=0)
        return max(_LEAST_NAMES, longest + _BEFORE_NAME + 1)

    @property
    def _cells_width(self) -> int:
        return self._column * len(self.platforms)

    def show(
        self,
        variants: tuple[str, ...],
        platforms: tuple[Platform, ...],
        selection: Selection,
        ways: dict[Platform, PlatformSupport | None],
        past: dict[Key, PastLane],
        note: str = "",
        nodes: dict[Platform, str] | None = None,
        own: Iterable[Cell] = (),
        artifacts: Mapping[str, str] | None = None,
        titles: Mapping[str, str] | None = None,
        filtered: bool = False,
    ) -> None:
        """Show rows and columns, keeping the cursor if possible; `note` replaces missing rows.

        `nodes` are the nodes that build the platforms, if worth showing; `own` are the cells that
        headings select, if there are any. `artifacts` says what targets produce instead of images,
        `titles` are descriptions to show where there is room. `filtered`: there are other rows.
        """
        self._corner = "matches" if filtered else "all rows"
        self.own, self.artifacts, self.titles = frozenset(own), artifacts or {}, titles or {}
        self.variants, self.platforms, self.selection = variants, platforms, selection
        self.ways, self.past, self.note, self.nodes = ways, past, note, nodes or {}
        # Until the variants are known, keep the cursor's row.
        if variants:
            self.row = min(self.row, len(variants) - 1)
            self.column = min(self.column, len(platforms) - 1)
        self._measure()
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """Return the visible row `y`: the heading or a scrolled row."""
        width, style = self.size.width, self.visual_style
        if not self.variants:
            words = self.note or "looking for targets…"
            note = Content.styled(f" {words}" if y == 0 else "", "$foreground-muted")
            return Visual.to_strips(self, note, width, 1, style, pad=True)[0]
        left, top = self.scroll_offset
        row = y - _HEAD_LINES + top
        if row >= len(self.variants):
            return Strip.blank(width, self.rich_style)
        if y == 0:
            name, cells = self._heading()
        elif y == 1:
            name, cells = Content(" " * self.names_width), self._ways_line()
        else:
            name, cells = self._row(row)
        if titles := self._titles_width:
            title = one_line(self.titles.get(self.variants[row], ""), titles - 2) if y > 1 else ""
            cells += Content.styled(f"  {title}".ljust(titles), "$foreground-muted")
        fixed = Visual.to_strips(self, name, self.names_width, 1, style, pad=True)[0]
        moved = self._cells_width + self._titles_width
        moving = Visual.to_strips(self, cells, moved, 1, style, pad=True)[0]
        strip = Strip.join([fixed, moving.crop(left)])
        return strip.crop_extend(0, width, self.rich_style)

    def on_resize(self) -> None:
        """Adapt the names' width, and keep the cursor visible."""
        self._measure()
        self._reveal()

    def watch_has_focus(self, value: bool) -> None:
        """Redraw the cursor."""
        super().watch_has_focus(value)
        self.refresh()

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor; it stops at the edges."""
        self._go(self.row + rows, self.column + columns)

    def action_leap(self, pages: int) -> None:
        """Move the cursor by pages of rows."""
        self._go(max(0, self.row + pages * max(1, self.size.height - _HEAD_LINES)), self.column)

    def action_choose(self) -> None:
        """Toggle what the cursor is on."""
        self._toggle(self.row, self.column)

    def action_row(self) -> None:
        """Toggle the row."""
        self._toggle(self.row, -1)

    def action_column(self) -> None:
        """Toggle the column."""
        self._toggle(-1, self.column)

    def action_build(self) -> None:
        """Request the build."""
        self.post_message(self.Build())

    def on_click(self, event: events.Click) -> None:
        """Toggle what is clicked."""
        if (place := self._place_at(event.x, event.y)) is not None:
            self._go(*place)
            self._toggle(*place)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show a truncated name in full."""
        place = self._place_at(event.x, event.y)
        room = self.names_width - _BEFORE_NAME - 1
        name = self.variants[place[0]] if place is not None and place[0] >= 0 else ""
        title = self.titles.get(name, "")
        words = f"{name}: {title}" if title else name
        on_name = place is not None and place[1] < 0 and (title or len(name) > room)
        tooltip = Content(words) if name and on_name else None
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def _place_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return row and column at a position; -1 for headings, None outside."""
        row, column = -1, -1
        if y >= _HEAD_LINES:
            row = y - _HEAD_LINES + self.scroll_offset.y
        if x >= self.names_width:
            column = (x - self.names_width + self.scroll_offset.x) // self._column
        inside = row < len(self.variants) and column < len(self.platforms)
        return (row, column) if inside else None

    def _measure(self) -> None:
        width = self.names_width + self._cells_width if self.variants else 1
        self.virtual_size = Size(width, _HEAD_LINES + len(self.variants))

    def _go(self, row: int, column: int) -> None:
        self.row = max(-1, min(len(self.variants) - 1, row))
        self.column = max(-1, min(len(self.platforms) - 1, column))
        self._reveal()
        self.refresh()
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        """Scroll as little as possible to make the cursor visible."""
        rows = self.scrollable_content_region.height - _HEAD_LINES
        columns = self.scrollable_content_region.width - self.names_width
        left, top = self.scroll_offset
        if self.row >= 0:
            top = max(min(top, self.row), self.row - max(1, rows) + 1)
        if self.column >= 0:
            start = self.column * self._column
            left = min(max(left, start + self._column - max(self._column, columns)), start)
        if (left, top) != self.scroll_offset:
            self.scroll_to(left, top, animate=False, force=True)

    def _cells(self, row: int, column: int) -> list[Cell]:
        variants = self.variants if row < 0 else (self.variants[row],)
        platforms = self.platforms if column < 0 else (self.platforms[column],)
        cells = [(variant, platform) for variant in variants for platform in platforms]
        if row >= 0 and column >= 0:
            return cells
        return [cell for cell in cells if cell in self.own] or cells

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
            return highlighted(marked, focused=self.has_focus)
        return part

    def _heading(self) -> tuple[Content, Content]:
        box = self._box(self._cells(-1, -1))
        corner = Content.assemble(" ", box, f" {self._corner}")
        parts = []
        for index, platform in enumerate(self.platforms):
            box = self._box(self._cells(-1, index))
            part = Content.assemble(" ", box, " ", (str(platform), "bold"))
            parts.append(self._lit(part, -1, index, self._column))
        return self._lit(corner, -1, -1, self.names_width), Content.assemble(*parts)

    def _ways_line(self) -> Content:
        line: list[tuple[str, str]] = []
        for platform in self.platforms:
            way = self.ways.get(platform)
            word, style = _WAYS[way] if way is not None else ("", "")
            room = self._column - _BEFORE_NAME
            if way is not None and (node := self.nodes.get(platform)):
                word = one_line(f"{word} on {node}", room - 1)
            line.append((" " * _BEFORE_NAME + word.ljust(room), style))
        return Content.assemble(*line)

    def _row(self, row: int) -> tuple[Content, Content]:
        variant = self.variants[row]
        box = self._box(self._cells(row, -1))
        short = shortened(self.variants, self.names_width - _BEFORE_NAME - 1)
        words = (one_line(short[variant]), "bold" if row == self.row else "")
        name = Content.assemble(" ", box, " ", words)
        here = (self.row, self.column)
        parts = []
        for column, platform in enumerate(self.platforms):
            cell = self._cell((variant, platform), under_cursor=(row, column) == here)
            parts.append(self._lit(cell, row, column, self._column))
        return self._lit(name, row, -1, self.names_width), Content.assemble(*parts)

    def _cell(self, cell: Cell, *, under_cursor: bool) -> Content:
        box = self._box([cell])
        if self.own and cell not in self.own:
            # Not one of the target's own platforms: it can be added.
            if cell in self.selection.cells:
                return Content.assemble(" ", box, (" added", "$text-warning"))
            if not under_cursor and (cell[0], str(cell[1])) not in self.past:
                return Content.styled("  ·", "$foreground-muted")
        return Content.assemble(" ", box, " ", self._last(*cell))

    def _last(self, variant: str, platform: Platform) -> Content:
        past = self.past.get((variant, str(platform)))
        if past is None:
            what = self.artifacts.get(variant, "–")
            return Content.styled(
                cut_middle(one_line(what), self._column - _BEFORE_NAME - 1), "$foreground-muted"
            )
        mark = past_mark(past)
        if past.status in {Status.PASSED, Status.DONE}:
            facts = f" {duration_text(past.seconds)}" + (
                f" {size_text(past.size)}" if past.size else ""
            )
            return Content.assemble((mark.symbol, mark.style), facts)
        return Content.assemble((f"{mark.symbol} {mark.word}", mark.style))
