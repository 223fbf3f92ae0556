"""The line below a log that is being read: where one is, what is hidden, what has come since."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.tui.log.hunt import Hunt
from openhqm_tui.tui.log.text import Stamps
from openhqm_tui.tui.log.view import ALL, LogView, Only
from openhqm_tui.tui.words import count

_GAP = 2


class Part(NamedTuple):
    """A few words of the line; a click on them does `action`. Lower `rank` goes later."""

    words: str
    kind: str
    action: str = ""
    rank: int = 0

    @property
    def width(self) -> int:
        """How many cells the words take."""
        return cell_len(self.words)


class Placed(NamedTuple):
    """A part and the column it begins at."""

    column: int
    part: Part


def foot_parts(
    view: LogView, hunt: Hunt | None, step_name: Callable[[int], str], stamps: Stamps
) -> tuple[list[Part], list[Part]]:
    """Return what there is to say below a log, left and right; nothing while it just follows."""
    if view.following and hunt is None and view.only == ALL and view.mark is None:
        return [], []
    left = [Part(f"{view.cursor + 1}/{len(view)}", "", rank=60)] if not view.following else []
    if view.mark is not None:
        left.append(Part(f"{count(len(view.marked), 'line')} marked · y copies", "on", "copy", 92))
    if hunt is not None:
        if hunt.notice:
            left.append(Part(hunt.notice, "on", rank=95))
        name = one_line(hunt.name, 24)
        left.append(Part(f"{name} {hunt.counted}", "on", "next(1)", 90))
    if view.only != ALL:
        left.append(Part(_filter_words(view.only, step_name), "on", "filter", 88))
    left += [
        Part("/ search", "key", "search", 50),
        Part("e error", "key", "error(1)", 49),
        Part("x filter", "key", "filter", 48),
        Part("w unwrap" if view.wrap else "w wrap", "key", "wrap", 47),
        Part("t times" if stamps is Stamps.NONE else f"t {stamps}", "key", "times", 46),
    ]
    news = f"⤓ {view.news} new" if view.news else "⤓ end"
    return left, [] if view.following else [Part(f" {news} ", "news", "follow", 99)]


def nothing_words(only: Only) -> str:
    """Return why a filter shows nothing."""
    return (
        "nothing on standard error · x shows more" if only.stream >= 0 else "nothing of this step"
    )


def _filter_words(only: Only, step_name: Callable[[int], str]) -> str:
    if only.stream >= 0:
        return "only standard error"
    return f"only {one_line(step_name(only.step), 28)}"


def lay_out(left: list[Part], right: list[Part], width: int) -> list[Placed]:
    """Return which parts fit and where: the least important are left out, whole."""
    left, right = list(left), list(right)
    while len(left) + len(right) > 1 and _width(left) + _width(right) > width:
        side = min((left, right), key=lambda parts: min((p.rank for p in parts), default=99))
        side.remove(min(side, key=lambda part: part.rank))
    found: list[Placed] = []
    column = 0
    for part in left:
        found.append(Placed(column, part))
        column += part.width + _GAP
    column = max(column, width - _width(right) + _GAP)
    for part in right:
        found.append(Placed(column, part))
        column += part.width + _GAP
    return found


def part_at(placed: list[Placed], column: int) -> Part | None:
    """Return the part at a column."""
    for start, part in placed:
        if start <= column < start + part.width:
            return part
    return None


def _width(parts: list[Part]) -> int:
    return sum(part.width + _GAP for part in parts)
