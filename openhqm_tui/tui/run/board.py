"""The board of a run: a row per target, a cell per platform, a bar on a common time axis."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.formatting import axis_text
from openhqm_tui.domain.names import cut_middle, matches, shortened
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.run.status import ColorRole, Status
from openhqm_tui.run.follow.eta import left_text
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import highlighted, role_style, short, state_mark
from openhqm_tui.tui.run.board_rows import (
    BarPart,
    BoardWidths,
    axis_of,
    bar_of,
    cell_of,
    cell_words,
    columns_of,
    spans_of,
    ways_of_platform,
    widths,
)
from openhqm_tui.tui.steps.chart import Axis, ticks

if TYPE_CHECKING:
    from openhqm_tui.run.follow.eta import TimeLeft

_MUTED = "$foreground-muted"


class BoardView(NamedTuple):
    """How the rows of a board are drawn: platforms, widths, time axis, shortened names."""

    platforms: tuple[Platform, ...]
    widths: BoardWidths
    axis: Axis
    names: Mapping[str, str]


def heading(state: RunState, view: BoardView) -> Content:
    """Return the titles of the columns, and the ticks of the time axis."""
    name, cell, shown, bar = view.widths
    parts: list[tuple[str, str]] = [("   target".ljust(name + 4), _MUTED)]
    for place, platform in enumerate(view.platforms[:shown]):
        more = len(view.platforms) - shown if place == shown - 1 else 0
        tail = f" +{more}" if more else ""
        choices = [f"{platform} · {way}" for way in ways_of_platform(state, platform)]
        choices += [str(platform), short(platform)]
        title = next((c for c in choices if len(c) + len(tail) < cell), choices[-1][: cell - 1])
        parts.append((f"{title}{tail}".ljust(cell), _MUTED))
    line = Content.assemble(*parts)
    if bar:
        text = ""
        for at, seconds in ticks(view.axis, 7):
            label = axis_text(seconds)
            if at >= len(text) and at + len(label) <= bar:
                text = text.ljust(at) + label
        line += Content.styled(text.ljust(bar), _MUTED)
    return line


def row(
    target: TargetState,
    view: BoardView,
    now: float,
    *,
    left: str = "",
    marked: bool = False,
    focused: bool = False,
) -> Content:
    """Return the row of a target; `left` is its estimated time left."""
    name, cell, shown, bar = view.widths
    mark = state_mark(target)
    parts: list[Content | str | tuple[str, str]] = [
        ("▌", "$primary") if marked else " ",
        (f"{mark.symbol} ", mark.style),
        _name(target, view.names[target.name], name),
        " ",
    ]
    for platform in view.platforms[:shown]:
        lane = target.lanes.get(platform)
        if lane is None:
            parts.append(" " * cell)
            continue
        told = cell_of(lane, now)
        word, details = cell_words(told, cell - 1)
        # Muted text would be hard to read on the selected row.
        ink = "" if marked or told.mark.role is ColorRole.ERROR else _MUTED
        style = role_style(told.mark.role)
        parts += [
            (word, "" if marked and style == _MUTED else style),
            (details, ink),
            " " * max(0, cell - len(word) - len(details)),
        ]
    line = Content.assemble(*parts)
    if bar:
        line += _bar(target, view.axis, now, left, marked=marked)
    return highlighted(line, focused=focused) if marked else line


def _again(target: TargetState) -> str:
    return f" ↻{target.attempt}" if target.attempt > 1 else ""


def _name_length(target: TargetState) -> int:
    return cell_len(target.name) + len(_again(target))


def _name(target: TargetState, name: str, room: int) -> Content:
    """Return the name, cut if necessary, and the attempt if not the first."""
    again = _again(target)
    both = Content.assemble((cut_middle(name, max(4, room - len(again))), "bold"), (again, _MUTED))
    return both.pad_right(max(0, room - both.cell_length))


def _bar(target: TargetState, axis: Axis, now: float, left: str, *, marked: bool) -> Content:
    checked = {
        Status.PASSED: "$text-success",
        Status.FAILED: "$error",
        Status.UNKNOWN: "$text-warning",
    }
    told = spans_of(target, now)
    inks = {
        BarPart.NOTHING: "",
        BarPart.QUEUED: _MUTED,
        BarPart.CACHED: _MUTED,
        BarPart.CHECKED: checked.get(target.status, role_style(ColorRole.CHECKING)),
        BarPart.BUILT: "$primary" if told.running or marked else "$secondary",
        BarPart.FAILED: "$error",
    }
    cells = bar_of(told, axis)
    line = Content.assemble(
        *(
            ("".join(char for char, _ in group), inks[part])
            for part, group in groupby(cells, key=lambda cell: cell[1])
        )
    )
    used = len(line.plain.rstrip())
    if left and used + 1 + len(left) <= len(cells):
        line = Content.assemble(line[: used + 1], (left, _MUTED)).pad_right(
            len(cells) - used - 1 - len(left)
        )
    return line


class Board(Widget, can_focus=True):
    """The rows of a run's targets below their headings; draws only visible ones."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("targets")
    DEFAULT_CSS = """
    Board {
        height: auto;
        width: 1fr;
        text-wrap: nowrap;
    }
    """

    class Chosen(Message):
        """Another target was selected."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    class Zoom(Message):
        """A request to maximize the selected target's pane."""

    class Filter(Message):
        """A request to type a filter."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chosen = ""
        self.wanted = ""
        self._state: RunState | None = None
        self._now = 0.0
        self._left: TimeLeft | None = None
        self._first = 0
        self._names: list[str] = []
        self._platforms: tuple[Platform, ...] = ()
        self._longest = 0
        # Rows that don't change by themselves, by target.
        self._drawn: dict[str, tuple[object, Content]] = {}

    def show(self, state: RunState, now: float, left: TimeLeft) -> None:
        """Update the rows."""
        if state is not self._state:
            self._platforms = tuple(columns_of(state))
            self._drawn.clear()
            self._state = state
            self._filter()
            self.refresh(layout=True)
        elif self.wanted:
            self._filter()
        self._now, self._left = now, left
        self._longest = max((_name_length(target) for target in state.targets.values()), default=0)
        if self.chosen not in state.targets:
            self.chosen = next(iter(state.targets), "")
            self._first = 0
        self.refresh()

    @property
    def names(self) -> list[str]:
        """The targets that are shown."""
        return self._names

    def filter(self, words: str) -> tuple[int, int]:
        """Show only targets with these words in name or status; return how many of how many."""
        self.wanted = words
        self._filter()
        if self._names and self.chosen not in self._names:
            self.choose(self._names[0])
        self._reveal()
        self.refresh()
        return len(self._names), len(self._state.targets) if self._state is not None else 0

    def _filter(self) -> None:
        targets = self._state.targets if self._state is not None else {}
        self._names = [
            name
            for name, target in targets.items()
            if not self.wanted or matches(f"{name} {state_mark(target).word}", self.wanted)
        ]

    def choose(self, target: str) -> None:
        """Select a target and send a message."""
        if self._state is None or target not in self._state.targets:
            return
        self.mark(target)
        self.post_message(self.Chosen(target))

    def mark(self, target: str) -> None:
        """Select a target without a message."""
        self.chosen = target
        self._reveal()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the height of the whole board, whose headings are a line."""
        return 1 + (len(self._state.targets) if self._state is not None else 0)

    def render(self) -> Content:
        """Draw the visible rows."""
        state = self._state
        if state is None or not self.size:
            return Content("")
        view = self._view(state)
        names = self._names[self._first : self._first + self._room]
        lines = [self._heading(state, view), *(self._row(state, name, view) for name in names)]
        if not names:
            lines.append(Content.styled("   no target matches", _MUTED))
        return Content("\n").join(lines)

    def _heading(self, state: RunState, view: BoardView) -> Content:
        line = heading(state, view)
        above, below = self._first, len(self._names) - self._first - self._room
        hidden = [f"↑{above}"] * (above > 0) + [f"↓{below}"] * (below > 0)
        if not hidden:
            return line
        more = Content.styled(f" {' '.join(hidden)}", "$primary bold")
        room = view.widths.name + 4
        if more.cell_length + 9 <= room:
            return line[:9] + more + line[9 + more.cell_length :]
        return more.truncate(room - 1).pad_right(max(0, room - more.cell_length)) + line[room:]

    def _view(self, state: RunState) -> BoardView:
        wide = widths(self.size.width, self._longest, len(self._platforms))
        guess = self._left.of() if self._left is not None else None
        left = guess.seconds if guess is not None else None
        axis = axis_of(state, self._now, wide.bar, left)
        return BoardView(self._platforms, wide, axis, shortened(state.targets, wide.name))

    def _row(self, state: RunState, name: str, view: BoardView) -> Content:
        target = state.targets[name]
        marked = name == self.chosen
        if marked or not target.status.is_over:
            guess = self._left.of(name) if self._left is not None else None
            left = left_text(guess) if guess is not None and target.started is not None else ""
            return row(target, view, self._now, left=left, marked=marked, focused=self.has_focus)
        # The lines that are read after its end may add steps.
        facts = (target.facts, target.attempt, len(target.steps), state.interrupted)
        key = (view, facts, [lane.verdicts for lane in target.lanes.values()])
        known = self._drawn.get(name)
        if known is None or known[0] != key:
            known = self._drawn[name] = key, row(target, view, self._now)
        return known[1]

    def action_move(self, by: int) -> None:
        """Select a target further up or down."""
        if self._names:
            here = self._names.index(self.chosen) if self.chosen in self._names else 0
            self.choose(self._names[max(0, min(len(self._names) - 1, here + by))])

    def action_leap(self, pages: int) -> None:
        """Move the selection by pages."""
        self.action_move(pages * max(1, self._room - 1))

    def action_zoom(self) -> None:
        """Request to maximize the pane."""
        self.post_message(self.Zoom())

    def action_filter(self) -> None:
        """Request to type a filter."""
        self.post_message(self.Filter())

    def on_resize(self) -> None:
        """Keep the selected target visible."""
        self._reveal()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Select the clicked target; a double click maximizes its pane."""
        index = self._first + event.y - 1
        if event.y >= 1 and index < len(self._names):
            self.choose(self._names[index])
            if event.chain == 2:
                self.action_zoom()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll to later targets."""
        event.stop()
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll to earlier targets."""
        event.stop()
        self._scroll(-1)

    def _scroll(self, by: int) -> None:
        self._first = max(0, min(len(self._names) - self._room, self._first + by))
        self.refresh()

    @property
    def _room(self) -> int:
        """The number of visible rows."""
        return max(1, self.size.height - 1)

    def _reveal(self) -> None:
        here = self._names.index(self.chosen) if self.chosen in self._names else 0
        # Don't scroll past the end: a board that fits shows its first target.
        highest = max(0, len(self._names) - self._room)
        self._first = max(min(self._first, here, highest), here - self._room + 1, 0)
