"""The line below a log that is being read: where one is, what is hidden, what has come since."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.log.search import SearchCursor
from openhqm_tui.tui.log.text import Stamps
from openhqm_tui.tui.log.view import ALL, LogFilter, LogView

_GAP = 2


class StatusPart(NamedTuple):
    """A few words of the line; a click on them does `action`. Lower `rank` goes later."""

    words: str
    kind: str
    action: str = ""
    rank: int = 0

    @property
    def width(self) -> int:
        """How many cells the words take."""
        return cell_len(self.words)


class PlacedPart(NamedTuple):
    """A part and the column it begins at."""

    column: int
    part: StatusPart


def foot_parts(
    view: LogView,
    search_cursor: SearchCursor | None,
    step_name: Callable[[int], str],
    stamps: Stamps,
) -> tuple[list[StatusPart], list[StatusPart]]:
    """Return what there is to say below a log, left and right; nothing while it just follows."""
    if view.following and search_cursor is None and view.only == ALL and view.mark is None:
        return [], []
    left = [StatusPart(f"{view.cursor + 1}/{len(view)}", "", rank=60)] if not view.following else []
    if view.mark is not None:
        left.append(
            StatusPart(
                f"{count_text(len(view.marked), 'line')} marked · y copies", "on", "copy", 92
            )
        )
    if search_cursor is not None:
        if search_cursor.notice:
            left.append(StatusPart(search_cursor.notice, "on", rank=95))
        name = one_line(search_cursor.name, 24)
        left.append(StatusPart(f"{name} {search_cursor.counted}", "on", "next(1)", 90))
    if view.only != ALL:
        left.append(StatusPart(_filter_words(view.only, step_name), "on", "filter", 88))
    left += [
        StatusPart("/ search", "key", "search", 50),
        StatusPart("e error", "key", "error(1)", 49),
        StatusPart("x filter", "key", "filter", 48),
        StatusPart("w unwrap" if view.wrap else "w wrap", "key", "wrap", 47),
        StatusPart("t times" if stamps is Stamps.NONE else f"t {stamps}", "key", "times", 46),
    ]
    news = f"⤓ {view.news} new" if view.news else "⤓ end"
    return left, [] if view.following else [StatusPart(f" {news} ", "news", "follow", 99)]


def nothing_words(only: LogFilter) -> str:
    """Return why a filter shows nothing."""
    return (
        "no standard error output · x shows more"
        if only.stream >= 0
        else "no output from this step"
    )


def _filter_words(only: LogFilter, step_name: Callable[[int], str]) -> str:
    if only.stream >= 0:
        return "only standard error"
    return f"only {one_line(step_name(only.step), 28)}"


def lay_out(left: list[StatusPart], right: list[StatusPart], width: int) -> list[PlacedPart]:
    """Return the parts that fit and their columns; the least important are left out."""
    left, right = list(left), list(right)
    while len(left) + len(right) > 1 and _width(left) + _width(right) > width:
        side = min((left, right), key=lambda parts: min((p.rank for p in parts), default=99))
        side.remove(min(side, key=lambda part: part.rank))
    found: list[PlacedPart] = []
    column = 0
    for part in left:
        found.append(PlacedPart(column, part))
        column += part.width + _GAP
    column = max(column, width - _width(right) + _GAP)
    for part in right:
        found.append(PlacedPart(column, part))
        column += part.width + _GAP
    return found


def part_at(placed: list[PlacedPart], column: int) -> StatusPart | None:
    """Return the part at a column."""
    for start, part in placed:
        if start <= column < start + part.width:
            return part
    return None


def _width(parts: list[StatusPart]) -> int:
    return sum(part.width + _GAP for part in parts)
