"""What is picked in a log with the mouse, character by character, in one pane alone."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len

from openhqm_tui.tui.log.view import LogView

# More than anyone pastes; a clipboard is no place for a whole log.
MOST_LINES = 20_000
_LINE_END = 1 << 30


class TextPosition(NamedTuple):
    """A character of a log: the line's index and the character's."""

    line: int
    character: int


class MouseSelection:
    """From one spot to another, in either direction, both in it."""

    def __init__(self, start: TextPosition, end: TextPosition | None = None) -> None:
        self._start = start
        self._end = end if end is not None else start

    def __bool__(self) -> bool:
        return self._start != self._end

    def to(self, spot: TextPosition) -> None:
        """Pick as far as there."""
        self._end = spot

    def span(self, line: int) -> tuple[int, int] | None:
        """Return which characters of a line are picked."""
        first, last = sorted((self._start, self._end))
        if not first.line <= line <= last.line:
            return None
        start = first.character if line == first.line else 0
        end = last.character + 1 if line == last.line else _LINE_END
        return (start, end) if start < end else None

    def lines(self, view: LogView) -> list[str]:
        """Return the text that is picked, of the lines that the view shows."""
        first, last = sorted((self._start, self._end))
        place = view.place_of(first.line)
        found: list[str] = []
        while place < len(view) and len(found) < MOST_LINES:
            index = view.index_of(place)
            if index > last.line:
                break
            start, end = self.span(index) or (0, 0)
            found.append(view.text_at(index)[start:end])
            place += 1
        return found


def character_at(text: str, cell: int) -> int:
    """Return which character of a text is drawn in a cell; beyond its end: the one after it."""
    if text.isascii():
        return min(cell, len(text))
    for at, character in enumerate(text):
        cell -= cell_len(character)
        if cell < 0:
            return at
    return len(text)


def word_around(text: str, character: int) -> tuple[int, int]:
    """Return where the word begins and ends that a character belongs to."""

    def belongs(at: int) -> bool:
        return not text[at].isspace() and text[at] not in "\"'`()[]{}<>,;"

    if not 0 <= character < len(text) or not belongs(character):
        return character, character
    start = end = character
    while start > 0 and belongs(start - 1):
        start -= 1
    while end < len(text) and belongs(end):
        end += 1
    return start, end
