"""A line of output as a terminal shows it: carriage returns, backspaces and cursor movements.

Progress bars redraw their line with them. A terminal overwrites from the new position on and erases
only what it is told to erase, so that is done here too (ECMA-48 §8.3: BS, CR, CUB, CUF, CHA, EL).
"""

from __future__ import annotations

import re
from itertools import islice

from openhqm_tui.domain.text import SEQUENCES

# What moves the cursor within the line, or erases a part of it.
_MOVES = re.compile(rb"[\b\r]|\x1b\[[0-9;]*[CDGK]")
_MOVE = re.compile(r"\x1b\[([0-9;]*)([CDGK])")
_TOKENS = re.compile(r"[^\x08\r\x1b]+|\x08|\r|\x1b\[([0-9;]*)([CDGK])")
# A sequence or character whose rest is still to come.
_UNFINISHED = re.compile(
    rb"(?:\x1b(?:\[[0-?]*[ -/]*)?|(?:\x1b[\]PX^_]|\xc2[\x90\x98\x9d-\x9f])[^\x07\x1b]*\x1b?"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
_LONGEST_UNFINISHED = 1024
# The cursor moves at most to this column beyond the text; the width of the terminal is unknown.
_WIDTH = 200
# More movements than this in one piece of output aren't a progress bar: only its end is read.
_MOST_TOKENS = 20_000


def moves_cursor(data: bytes) -> bool:
    """Return whether `data` has carriage returns, backspaces or cursor movements."""
    return (b"\r" in data or b"\b" in data or b"\x1b" in data) and bool(_MOVES.search(data))


def line_shown(line: bytes, columns: int) -> bytes:
    """Return what a terminal shows of a complete line, up to `columns` characters."""
    cells, _ = _drawn(line, columns)
    return _encoded(cells)


def shortened(rest: bytes, columns: int) -> bytes:
    """Return an incomplete line with the same outcome as `rest`, whatever follows it."""
    unfinished = _UNFINISHED.search(rest)
    at = unfinished.start() if unfinished else len(rest)
    if len(rest) - at > _LONGEST_UNFINISHED:
        at = len(rest)
    cells, column = _drawn(rest[:at], columns)
    moved = b"" if column == len(cells) else b"\x1b[%dG" % (column + 1)
    return _encoded(cells) + moved + rest[at:]


def _encoded(cells: list[str]) -> bytes:
    return "".join(cells).encode("utf-8", "surrogateescape")


def _drawn(line: bytes, columns: int) -> tuple[list[str], int]:
    """Return the characters on the line, and the column of the cursor."""
    cells: list[str] = []
    column = 0
    # All other sequences take no room, and none may be cut in two by what overwrites it.
    text = SEQUENCES.sub(_only_moves, line.decode("utf-8", "surrogateescape"))
    tokens = _TOKENS.finditer(text)
    if (many := sum(1 for _ in islice(_MOVES.finditer(line), _MOST_TOKENS + 1))) > _MOST_TOKENS:
        tokens = _TOKENS.finditer(text, max(0, len(text) - many))
    for token in tokens:
        piece = token[0]
        if piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        elif piece[0] != "\x1b":
            if column > len(cells):
                cells += " " * (column - len(cells))
            cells[column : column + len(piece)] = piece[: max(0, columns - column)]
            column = min(columns, column + len(piece))
        elif token[2]:
            column = _moved(cells, column, token[1], token[2], columns)
    return cells, column


def _only_moves(sequence: re.Match[str]) -> str:
    return sequence[0] if _MOVE.fullmatch(sequence[0]) else ""


def _moved(cells: list[str], column: int, parameter: str, final: str, columns: int) -> int:
    """Apply a cursor movement or an erasure; return the new column."""
    number = int(parameter.split(";")[0][:6] or 0)
    if final == "K":
        if number == 0:
            del cells[column:]
        elif number == 1:
            cells[: column + 1] = " " * min(column + 1, len(cells))
        elif number == 2:
            cells.clear()
        return column
    number = max(1, number)
    new = {"C": column + number, "D": column - number, "G": number - 1}[final]
    return min(columns, max(0, new), max(len(cells), _WIDTH))
