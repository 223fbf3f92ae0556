"""The table of images and checks, with as much detail as the width allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from textual import events
from textual.content import Content

from openhqm_tui.domain.checks.catalog import check_named
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.names import shortened
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.tui.checks.text import (
    CHECKING,
    answer_cell,
    how_it_runs,
    is_asked,
    not_passed,
    verdict_of,
)
from openhqm_tui.tui.core.labels import answer_mark, state_mark
from openhqm_tui.tui.widgets.table import CellTable, Span

LANE_COLUMNS = ("image", "run", "result")
# Characters of evidence per cell to try, from the widest layout; 0: only the verdict.
_SEEN = (60, 40, 32, 24, 18, 14, 0)
_NAME = 12
_WORD = len("✓ pass")
_NONE = Content.styled("·", "$foreground-muted")
# Check names that are wider than their cells.
_SHORTER = {"architecture": "arch", "health-check": "health"}


class Layout(NamedTuple):
    """Arguments of `CellTable.show`; a last column without a check lists the failures."""

    heading: list[str]
    rows: Sequence[Sequence[Content]]
    gaps: list[int]
    spans: list[Span]


class _Rows(Sequence[Sequence[Content]]):
    """The rows of lanes, made when they come into sight: a run may have a thousand images."""

    def __init__(
        self, lanes: Sequence[LaneState], make: Callable[[LaneState], list[Content]]
    ) -> None:
        self._lanes, self._make = lanes, make
        self._made: dict[int, list[Content]] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index not in self._made:
            self._made[index] = self._make(self._lanes[index])
        return self._made[index]


def layouts(
    lanes: Sequence[LaneState],
    checks: Sequence[str],
    width: int,
    window: range | None = None,
) -> Iterator[Layout]:
    """Yield layouts of lanes and checks from the most to the least detailed.

    Cells show evidence; then symbols under names; then under three letters; then symbols without
    gaps, with failures listed at the end of the line. Only the lanes in the `window` are measured.
    """
    seen = lanes if window is None else [lanes[at] for at in window if at < len(lanes)]
    names = [check.replace("-", " ") for check in checks]
    if 2 * _NAME + sum(max(len(name), _WORD) + 2 for name in names) <= width:
        for letters in _SEEN:
            yield _with_words(lanes, checks, names, letters, width)
    for gap in (2, 1):
        yield _with_symbols(lanes, checks, [_SHORTER.get(c, c) for c in checks], gap, width)
    heads = [check_named(check).short for check in checks]
    for gap in (2, 1):
        yield _with_symbols(lanes, checks, heads, 1, width, beside=gap)
    yield _as_strips(lanes, checks, width, seen)


def _with_words(
    lanes: Sequence[LaneState], checks: Sequence[str], names: list[str], letters: int, width: int
) -> Layout:
    def make(lane: LaneState) -> list[Content]:
        return [*_lane_cells(lane, width), *(_worded(lane, check, letters) for check in checks)]

    rows = _Rows(lanes, make)
    return Layout([*LANE_COLUMNS, *names], rows, [], _spans(checks))


def _with_symbols(
    lanes: Sequence[LaneState],
    checks: Sequence[str],
    names: list[str],
    gap: int,
    width: int,
    *,
    beside: int = 2,
) -> Layout:
    heading = [*LANE_COLUMNS, *names]
    rows = _Rows(lanes, lambda lane: [*_brief_cells(lane, width), *_symbols(lane, checks)])
    return Layout(heading, rows, [*[beside] * 3, *_gaps(checks, gap)], _spans(checks))


def _as_strips(
    lanes: Sequence[LaneState], checks: Sequence[str], width: int, seen: Sequence[LaneState]
) -> Layout:
    heads = [_brief_cells(lane, width) for lane in seen]
    used = 1 + sum(
        max([len(title), *(head[index].cell_length for head in heads)]) + 2
        for index, title in enumerate(LANE_COLUMNS)
    )
    gaps = _gaps(checks, 0)
    room = max(0, width - used - len(checks) - sum(gaps) - 2)

    def make(lane: LaneState) -> list[Content]:
        brief = _brief_cells(lane, width)
        return [*brief, *_symbols(lane, checks), _others(lane, checks, room)]

    rows = _Rows(lanes, make)
    heading = [*LANE_COLUMNS, *[""] * len(checks), "not passed"]
    return Layout(heading, rows, [2, 2, 2, *gaps[:-1], 2], _spans(checks))


def _spans(checks: Sequence[str]) -> list[Span]:
    spans, at = [], len(LANE_COLUMNS)
    for group, members in groupby(checks, lambda check: check_named(check).group):
        size = len(list(members))
        spans.append(Span(group.value, at, at + size - 1))
        at += size
    return spans


def _gaps(checks: Sequence[str], gap: int) -> list[int]:
    """Return the gap after each check, wider between groups."""
    groups = [check_named(check).group for check in checks]
    return [
        gap + (place + 1 < len(groups) and groups[place + 1] is not group)
        for place, group in enumerate(groups)
    ]


def _lane_cells(lane: LaneState, width: int) -> list[Content]:
    target, platform = lane.key
    # Results need room next to a long name; the details below show it in full.
    room = max(_NAME, width // 4)
    return [
        Content.assemble(
            (shortened(lane.target.run.targets, room)[target], "bold"), f" {platform}"
        ),
        Content(how_it_runs(lane)),
        state_mark(lane).content,
    ]


def _brief_cells(lane: LaneState, width: int) -> list[Content]:
    name, how, standing = _lane_cells(lane, width)
    if lane.verdicts and lane.asking is None:
        mark = state_mark(lane)
        passed = sum(verdict.answer is Answer.PASS for verdict in lane.verdicts)
        standing = Content.styled(f"{mark.symbol} {passed}/{len(lane.verdicts)}", mark.style)
    return [name, how[:3], standing]


def _worded(lane: LaneState, check: str, letters: int) -> Content:
    verdict = verdict_of(lane, check)
    if is_asked(lane, check):
        return CHECKING.content
    return _NONE if verdict is None else answer_cell(verdict, letters)


def _symbols(lane: LaneState, checks: Sequence[str]) -> list[Content]:
    answers = {verdict.check: answer_mark(verdict.answer) for verdict in lane.verdicts}
    cells = []
    for check in checks:
        mark = CHECKING if is_asked(lane, check) else answers.get(check)
        cells.append(_NONE if mark is None else Content.styled(mark.symbol, mark.style))
    return cells


def _others(lane: LaneState, checks: Sequence[str], room: int) -> Content:
    """List a lane's verdicts other than pass, as many as fit."""
    others = [verdict for verdict in not_passed(lane) if verdict.check in checks]
    told = Content("")
    for place, verdict in enumerate(others):
        mark = answer_mark(verdict.answer)
        left = len(others) - place - 1
        word = Content.styled(f"{mark.symbol} {verdict.check}", mark.style)
        more = len(f" +{left}") if left else 0
        if told.cell_length + word.cell_length + 1 + more > room and place:
            return told + Content.styled(f" +{left + 1}", "$foreground-muted")
        told = Content(" ").join([told, word]) if place else word
    return told


class VerdictTable(CellTable):
    """A table of cells; `explain` returns the tooltip of a row (-1: the heading) and column.

    `name` is the full name of a column whose title doesn't fit.
    """

    def __init__(self, explain: Callable[[int, int], str], name: Callable[[int], str]) -> None:
        super().__init__(by_cell=True)
        self._explain = explain
        self._name_of = name
        self._told = ""

    @property
    def fits(self) -> bool:
        """Return whether all columns are visible."""
        return self._fits_from(1)

    def name_of(self, column: int) -> str:
        """Return a column's name in full."""
        return self._name_of(column)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain what is under the mouse."""
        told = self._explain(self.row_at(event.y), self._column_at(event.x))
        if told != self._told:
            self._told = told
            # Never a plain string, which would be parsed as markup: it may be text from images.
            self.tooltip = Content(told) if told else None
