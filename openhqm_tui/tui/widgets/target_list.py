"""The targets of a run, two lines each: how far, how long, how they stand."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.state import RunState, Status, TargetState
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import lit, status_mark
from openhqm_tui.tui.words import clock

_BAR = 8


class TargetList(Widget, can_focus=True):
    """A list to choose a target from."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("targets")
    DEFAULT_CSS = """
    TargetList {
        height: auto;
        width: 1fr;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    class Chosen(Message):
        """Another target is chosen."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    class Zoom(Message):
        """Somebody wants the chosen target to have all the room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chosen = ""
        self._state: RunState | None = None
        self._now = 0.0

    def show(self, state: RunState, now: float) -> None:
        """Show how the targets stand now."""
        changed = state is not self._state
        self._state, self._now = state, now
        if self.chosen not in state.targets:
            self.chosen = next(iter(state.targets), "")
        self.refresh(layout=changed)

    def render(self) -> Content:
        """Draw every target."""
        if self._state is None:
            return Content("")
        width = self.size.width
        lines = [line for t in self._state.targets.values() for line in self._lines_of(t, width)]
        return Content("\n").join(lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return two lines a target."""
        return 2 * len(self._state.targets) if self._state else 1

    def choose(self, target: str) -> None:
        """Mark a target and say so."""
        if self._state is None or target not in self._state.targets:
            return
        self.chosen = target
        self.refresh()
        self.post_message(self.Chosen(target))
        row = 2 * list(self._state.targets).index(target)
        parent = self.parent
        if isinstance(parent, Widget):
            parent.scroll_to_region(Region(0, row, 1, 2), animate=False)

    def action_move(self, by: int) -> None:
        """Choose the target above or below."""
        names = list(self._state.targets) if self._state else []
        if names:
            place = names.index(self.chosen) + by
            self.choose(names[max(0, min(len(names) - 1, place))])

    def action_zoom(self) -> None:
        """Ask for all the room."""
        self.post_message(self.Zoom())

    def on_click(self, event: events.Click) -> None:
        """Choose what is clicked; twice: give it all the room."""
        names = list(self._state.targets) if self._state else []
        row = event.y // 2
        if row < len(names):
            self.choose(names[row])
            if event.chain == 2:
                self.action_zoom()

    def _lines_of(self, target: TargetState, width: int) -> list[Content]:
        status = target.status
        mark = status_mark(status)
        marked = target.name == self.chosen
        elapsed = clock(target.elapsed(self._now)) if target.started is not None else ""
        name = target.name[: max(4, width - len(elapsed) - 5)]
        gap = " " * max(1, width - 4 - len(name) - len(elapsed))
        edge = ("▌", "$primary") if marked else (" ", "")
        first = Content.assemble(
            edge, (f"{mark.symbol} ", mark.style), (name, "bold"), gap, (f"{elapsed} ", "")
        )
        over, known = target.step_counts()
        second = [edge, ("  ", "")]
        if known and status in {Status.RUNNING, Status.FAILED, Status.CANCELLED}:
            filled = _BAR * over // known
            second += [
                ("━" * filled, mark.style),
                ("─" * (_BAR - filled), "$foreground-muted"),
                (f" {over}/{known} ", ""),
            ]
        second.append((mark.word, mark.style))
        line = Content.assemble(*second)
        line = line.pad_right(max(0, width - line.cell_length))
        if marked:
            first, line = (lit(part, focused=self.has_focus) for part in (first, line))
        return [first, line]
