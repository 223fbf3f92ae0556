"""A guide rendered piece by piece, so that the console stays responsive."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock, MarkdownFence

# A table of a guide as lines of text, fitted to a width.
#
# Textual's own table has a widget per cell, which blocks the console for half a second in guides
# with hundreds of cells.

_GAP = 2
# Longer words may be broken to make room for other columns.
_LONGEST_WORD = 22
# If at least one row in this many is wrapped, blank lines separate all rows.
_FEW = 3

Row = Sequence[Content]


def table_lines(head: Row, rows: Sequence[Row], right: Sequence[bool], width: int) -> list[Content]:
    """Return the lines of a table, none wider than `width` cells.

    `right` says which columns are right-aligned. If the columns don't fit side by side, each row
    becomes a paragraph with one line per column, prefixed with the column's name.
    """
    if not head or width < 1:
        return []
    widths = _widths(head, rows, width)
    if not widths:
        return _stacked(head, rows, width)
    heads = _row_lines([cell.stylize("$primary bold") for cell in head], widths, right)
    lines = [*heads, Content.styled("─" * (sum(widths) + _GAP * (len(widths) - 1)), "$border")]
    told = [_row_lines(row, widths, right) for row in rows]
    # Rows of one line need no separator.
    wrapped = sum(len(row) > 1 for row in told)
    between = [Content("")] if wrapped * _FEW > len(told) else []
    for at, row in enumerate(told):
        lines += [*(between if at else []), *row]
    return lines


def _widths(head: Row, rows: Sequence[Row], width: int) -> list[int]:
    """Return the width of each column; empty if they don't fit."""
    columns = list(zip_longest(head, *rows, fillvalue=Content("")))[: len(head)]
    wanted = [max(cell.cell_length for cell in column) for column in columns]
    least = [
        min(one, max(min(_longest_word(cell), _LONGEST_WORD) for cell in column))
        for one, column in zip(wanted, columns, strict=True)
    ]
    room = width - _GAP * (len(head) - 1)
    if sum(least) > room:
        return []
    # Shrink the widest first.
    for most in range(max(wanted), 0, -1):
        fitted = [max(low, min(one, most)) for one, low in zip(wanted, least, strict=True)]
        if sum(fitted) <= room:
            return [max(1, one) for one in fitted]
    return []


def _longest_word(cell: Content) -> int:
    return max((Content(word).cell_length for word in cell.plain.split()), default=0)


def _row_lines(row: Row, widths: Sequence[int], right: Sequence[bool]) -> list[Content]:
    cells = [cell.wrap(width) for cell, width in zip(row, widths, strict=False)]
    cells += [[Content("")]] * (len(widths) - len(cells))
    lines = []
    for parts in zip_longest(*cells, fillvalue=Content("")):
        padded = [
            part.pad_left(max(0, width - part.cell_length))
            if aligned
            else part.pad_right(max(0, width - part.cell_length))
            for part, width, aligned in zip(parts, widths, right, strict=True)
        ]
        lines.append(Content(" " * _GAP).join(padded).rstrip())
    return lines


def _stacked(head: Row, rows: Sequence[Row], width: int) -> list[Content]:
    names = min(max(cell.cell_length for cell in head), max(1, width // 3))
    lines: list[Content] = []
    for at, row in enumerate(rows):
        lines += [Content("")] if at else []
        for name, cell in zip(head, row, strict=False):
            label = name.truncate(names, ellipsis=True).pad_right(max(0, names - name.cell_length))
            first, *rest = cell.wrap(max(1, width - names - _GAP)) or [Content("")]
            lines.append(Content.assemble(label.stylize("$primary"), " " * _GAP, first))
            lines += [Content(" " * (names + _GAP)) + line for line in rest]
    return lines


# Lines per piece: laid out in a few hundredths of a second.
_PIECE_LINES = 12
_FENCE = re.compile(r" {0,3}(```|~~~)")
_TABLE = "drawn_table"


class Told(NamedTuple):
    """A block and its Markdown."""

    widget: MarkdownBlock
    told: str


class DrawnTable(MarkdownBlock):
    """A table as one widget, from a token with the whole table."""

    DEFAULT_CSS = """
    DrawnTable { height: auto; width: 1fr; margin-bottom: 1; text-wrap: nowrap; }
    """

    def __init__(self, markdown: Markdown, token: Token) -> None:
        super().__init__(markdown, token)
        rows = [[self._token_to_content(cell) for cell in row] for row in token.meta["rows"]]
        self.head, self.rows = rows[0], rows[1:]
        self.right: list[bool] = token.meta["right"]
        self._drawn: tuple[int, Content] = (-1, Content(""))

    def compose(self) -> ComposeResult:
        """Yield nothing: the widget draws itself."""
        yield from ()

    def content_at(self, width: int) -> Content:
        """Return the table as text of that width."""
        if self._drawn[0] != width:
            lines = table_lines(self.head, self.rows, self.right, width)
            self._drawn = (width, Content("\n").join(lines))
        return self._drawn[1]

    def render(self) -> Content:
        """Draw the table."""
        return self.content_at(self.content_size.width)

    def get_content_height(self, _: Size, __: Size, width: int) -> int:
        """Return how many lines it takes."""
        return self.content_at(width).plain.count("\n") + 1


class PlainFence(MarkdownFence):
    """A code block without language detection, which takes half a second."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Return the highlighted code."""
        return super().highlight(code, language or "text", ansi, dark)


class GuideText(Markdown):
    """Markdown with one widget per table; the screen handles links."""

    BLOCKS = {  # noqa: RUF012
        **Markdown.BLOCKS,
        "fence": PlainFence,
        "code_block": PlainFence,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(open_links=False, parser_factory=_parser, **options)

    def unhandled_token(self, token: Token) -> MarkdownBlock | None:
        """Return the widget of a table; other unknown tokens are ignored."""
        return DrawnTable(self, token) if token.type == _TABLE else None

    async def show(self, text: str) -> None:
        """Show a guide, starting with its top."""
        # `append` treats the last block of an `update` as unfinished, and replaces it.
        await self.update("")
        for piece in pieces(text):
            await self.append(piece)
            # Let keys and other widgets run between two pieces.
            await asyncio.sleep(0)

    def headings(self) -> list[MarkdownBlock]:
        """Return the headings in order."""
        return [block for block in self.query(MarkdownBlock) if block.name == "heading_open"]

    def blocks(self) -> list[Told]:
        """Return the blocks to search: those without children, with their text."""
        found = []
        for block in self.query(MarkdownBlock):
            if not any(isinstance(child, MarkdownBlock) for child in block.children):
                found.append(Told(block, block.source or ""))
        return found


def pieces(text: str, lines: int = _PIECE_LINES) -> Iterator[str]:
    """Yield a text in pieces, split only at blank lines between blocks."""
    piece: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        piece.append(line)
        if _FENCE.match(line):
            fenced = not fenced
        elif not line.strip() and not fenced and len(piece) >= lines:
            yield "".join(piece)
            piece = []
    if piece:
        yield "".join(piece)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like")
    parser.core.ruler.push(_TABLE, _join_tables)
    return parser


def _join_tables(state: StateCore) -> None:
    """Replace all tokens of a table by one."""
    kept: list[Token] = []
    table: Token | None = None
    for token in state.tokens:
        if token.type == "table_open":
            table = Token(_TABLE, "table", 0, map=token.map, level=token.level)
            table.meta = {"rows": [], "right": []}
            kept.append(table)
        elif token.type == "table_close":
            table = None
        elif table is None:
            kept.append(token)
        elif token.type == "tr_open":
            table.meta["rows"].append([])
        elif token.type == "th_open":
            table.meta["right"].append("right" in str(token.attrs.get("style", "")))
        elif token.type == "inline":
            table.meta["rows"][-1].append(token)
    state.tokens = kept
