"""What stands above a table's rows: the titles of its columns, and of spans of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from textual.content import Content

_MUTED, _BRIGHT = "$foreground-muted", "$primary bold"


class Span(NamedTuple):
    """A title over the columns from `first` to `last`."""

    title: str
    first: int
    last: int

    def __contains__(self, column: object) -> bool:
        return isinstance(column, int) and self.first <= column <= self.last


class _Piece(NamedTuple):
    at: int
    text: str
    style: str


class Heads(NamedTuple):
    """Titles and spans; the columns in sight begin at `places`, `marked` is under the cursor.

    Where the columns of a span have no titles its own stands in their line, and gives way to the
    marked column's `name`, which points at it; else it stands in a line above.
    """

    titles: Sequence[str]
    spans: Sequence[Span]
    widths: Sequence[int]
    places: Mapping[int, int]
    marked: int = -1
    name: str = ""

    @property
    def lines(self) -> int:
        """How many lines they take."""
        return 2 if any(self._is_titled(span) for span in self.spans) else 1

    def draw(self, width: int) -> list[Content]:
        """Return their lines, each as wide as the table."""
        pointer = self._pointer()
        titles = [
            _Piece(at, self.titles[column], _BRIGHT if column == self.marked else _MUTED)
            for column, at in self.places.items()
        ]
        above: list[_Piece] = []
        for span in self.spans:
            seen = [column for column in self.places if column in span]
            if not seen:
                continue
            start = self.places[seen[0]]
            room = self.places[seen[-1]] + self.widths[seen[-1]] - start
            if self._is_titled(span):
                above.append(_Piece(start, f"{span.title} ".ljust(room, "─")[:room], _MUTED))
            elif pointer is None:
                titles.append(_Piece(start, span.title[:room], _MUTED))
        if pointer is not None:
            titles.append(pointer)
        return [_drawn(pieces, width) for pieces in (above, titles)][2 - self.lines :]

    def _is_titled(self, span: Span) -> bool:
        return any(self.titles[span.first : span.last + 1])

    def _pointer(self) -> _Piece | None:
        at = self.places.get(self.marked)
        if at is None or not any(self.marked in span for span in self.spans):
            return None
        if self.titles[self.marked]:
            return None
        end = max(self.places[column] for column in self.places for s in self.spans if column in s)
        if at + len(self.name) + 1 <= end:
            return _Piece(at, f"▾ {self.name}", _BRIGHT)
        return _Piece(max(1, at - len(self.name) - 1), f"{self.name} ▾", _BRIGHT)


def _drawn(pieces: Iterable[_Piece], width: int) -> Content:
    line = Content("")
    for piece in sorted(piece for piece in pieces if piece.text and piece.at < width):
        line = line.pad_right(max(0, piece.at - line.cell_length))
        text = Content.styled(piece.text, piece.style)
        line += text.truncate(width - piece.at, ellipsis=True)
    return line.pad_right(max(0, width - line.cell_length))
