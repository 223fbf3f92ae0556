"""A table of a guide as lines of text, fitted to a width.

Textual's own table makes a widget for every cell, which holds up the console for half a second
where a guide has some hundred of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.content import Content

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
