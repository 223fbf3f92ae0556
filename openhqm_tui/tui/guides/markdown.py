"""A guide drawn piece by piece, so that the console stays responsive."""

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
# Textual's own table makes a widget for every cell, which holds up the console for half a second
# where a guide has some hundred of them.

_GAP = 2
# A word that is longer may be broken to make room for the other columns.
_LONGEST_WORD = 22
# Where one row in so many is wrapped, blank lines set all rows apart.
_FEW = 3

Row = Sequence[Content]


def table_lines(head: Row, rows: Sequence[Row], right: Sequence[bool], width: int) -> list[Content]:
    """Return the lines of a table, none wider than `width` cells.

    `right` tells of each column whether it is aligned to the right. Where the columns can't stand
    side by side, each row is a paragraph: a line for every column, after the column's name.
    """
    if not head or width < 1:
        return []
    widths = _widths(head, rows, width)
    if not widths:
        return _stacked(head, rows, width)
    heads = _row_lines([cell.stylize("$primary bold") for cell in head], widths, right)
    lines = [*heads, Content.styled("─" * (sum(widths) + _GAP * (len(widths) - 1)), "$border")]
    told = [_row_lines(row, widths, right) for row in rows]
    # Rows of one line tell themselves apart.
    wrapped = sum(len(row) > 1 for row in told)
    between = [Content("")] if wrapped * _FEW > len(told) else []
    for at, row in enumerate(told):
        lines += [*(between if at else []), *row]
    return lines


def _widths(head: Row, rows: Sequence[Row], width: int) -> list[int]:
    """Return how wide each column is to be, nothing where there is no room for them."""
    columns = list(zip_longest(head, *rows, fillvalue=Content("")))[: len(head)]
    wanted = [max(cell.cell_length for cell in column) for column in columns]
    least = [
        min(one, max(min(_longest_word(cell), _LONGEST_WORD) for cell in column))
        for one, column in zip(wanted, columns, strict=True)
    ]
    room = width - _GAP * (len(head) - 1)
    if sum(least) > room:
        return []
    # The widest give way first.
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


# So much is laid out in a few hundredths of a second.
_PIECE_LINES = 12
_FENCE = re.compile(r" {0,3}(```|~~~)")
_TABLE = "drawn_table"


class Told(NamedTuple):
    """A block and its Markdown."""

    widget: MarkdownBlock
    told: str


class DrawnTable(MarkdownBlock):
    """A table that is one widget, of a token that holds all of the table."""

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
        """Build nothing: all is drawn."""
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
    """A block of code that is in no language where none is named: guessing takes half a second."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Return the code in colors."""
        return super().highlight(code, language or "text", ansi, dark)


class GuideText(Markdown):
    """Markdown whose tables are one widget each and whose links are left to the screen."""

    BLOCKS = {  # noqa: RUF012
        **Markdown.BLOCKS,
        "fence": PlainFence,
        "code_block": PlainFence,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(open_links=False, parser_factory=_parser, **options)

    def unhandled_token(self, token: Token) -> MarkdownBlock | None:
        """Return the widget of a table; what else Textual doesn't know is left out."""
        return DrawnTable(self, token) if token.type == _TABLE else None

    async def show(self, text: str) -> None:
        """Show a guide, what is at its top first."""
        # `append` takes what an `update` showed last for unfinished, and replaces it.
        await self.update("")
        for piece in pieces(text):
            await self.append(piece)
            # Keys and other widgets have their turn between two pieces.
            await asyncio.sleep(0)

    def headings(self) -> list[MarkdownBlock]:
        """Return the headings in their order."""
        return [block for block in self.query(MarkdownBlock) if block.name == "heading_open"]

    def blocks(self) -> list[Told]:
        """Return what a search looks through: each block that holds no others, with its words."""
        found = []
        for block in self.query(MarkdownBlock):
            if not any(isinstance(child, MarkdownBlock) for child in block.children):
                found.append(Told(block, block.source or ""))
        return found


def pieces(text: str, lines: int = _PIECE_LINES) -> Iterator[str]:
    """Yield a text in pieces of some lines, cut only where a block ends at a blank line."""
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
    """Put one token instead of all those of a table."""
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
