"""The targets of a run to choose from: a list, or a strip where the terminal is narrow."""

from __future__ import annotations

from itertools import accumulate
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.state import RunState, TargetState
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.time_left import TimeLeft
from openhqm_tui.tui.widgets.target_lines import standing, strip_first, strip_part, two_lines
from openhqm_tui.tui.words import clock

# A narrower terminal has no columns to spare for a list beside the logs.
STRIP_BELOW = 80


class TargetList(Widget, can_focus=True):
    """Two lines a target, of which only those in sight are drawn."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar = bindings("targets")
    DEFAULT_CSS = """
    TargetList {
        height: 1fr;
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
        self._left = TimeLeft()
        self._first = 0

    @property
    def is_strip(self) -> bool:
        """Tell whether the targets stand side by side."""
        return self.app.size.width < STRIP_BELOW

    def show(self, state: RunState, now: float, left: TimeLeft) -> None:
        """Show how the targets stand now, and what is left of them."""
        self._state, self._now, self._left = state, now, left
        if self.chosen not in state.targets:
            self.chosen = next(iter(state.targets), "")
            self._first = 0
        self.refresh()

    def choose(self, target: str) -> None:
        """Mark a target and say so."""
        if self._state is None or target not in self._state.targets:
            return
        self.mark(target)
        self.post_message(self.Chosen(target))

    def mark(self, target: str) -> None:
        """Mark a target that is in sight elsewhere."""
        self.chosen = target
        self._reveal()
        self.refresh()

    def render(self) -> Content:
        """Draw the targets in sight."""
        targets, width = self._targets(), self.size.width
        if not targets:
            return Content("")
        if self.is_strip:
            return self._strip(targets, width)
        lines: list[Content] = []
        for target in targets[self._first : self._first + self._room + 1]:
            marked = target.name == self.chosen
            left = self._left.of(target.name)
            lines += two_lines(
                target, self._now, width, marked=marked, focused=self.has_focus, left=left
            )
        return Content("\n").join(lines[: self.size.height])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the two lines of a strip; a list takes what there is."""
        return 2

    def action_move(self, by: int) -> None:
        """Choose a target further up or down."""
        names = [target.name for target in self._targets()]
        if names:
            place = names.index(self.chosen) + by
            self.choose(names[max(0, min(len(names) - 1, place))])

    def action_leap(self, pages: int) -> None:
        """Choose a target pages further."""
        self.action_move(pages * max(1, self._room - 1))

    def action_zoom(self) -> None:
        """Ask for all the room."""
        self.post_message(self.Zoom())

    def on_resize(self) -> None:
        """Keep the chosen target in sight."""
        self._reveal()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose what is clicked; twice: give it all the room."""
        targets = self._targets()
        index = self._target_at(event.x, event.y)
        if index < len(targets):
            self.choose(targets[index].name)
            if event.chain == 2:
                self.action_zoom()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Choose later targets."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Choose earlier targets."""
        event.stop()
        self.action_move(-1)

    @property
    def _room(self) -> int:
        """How many whole targets are in sight."""
        return max(1, self.size.height // 2)

    def _targets(self) -> list[TargetState]:
        return list(self._state.targets.values()) if self._state else []

    def _reveal(self) -> None:
        targets = self._targets()
        chosen = next((i for i, target in enumerate(targets) if target.name == self.chosen), 0)
        if self.is_strip:
            self._first = strip_first(self._widths(targets), chosen, self.size.width, self._first)
            return
        # Never below what fills the room: a list that has room shows its first again.
        highest = max(0, len(targets) - self._room)
        self._first = max(min(self._first, chosen, highest), chosen - self._room + 1, 0)

    def _widths(self, targets: list[TargetState]) -> list[int]:
        return [strip_part(t, marked=False, focused=False).cell_length for t in targets]

    def _target_at(self, x: int, y: int) -> int:
        if not self.is_strip:
            return self._first + y // 2
        ends = list(accumulate(self._widths(self._targets())[self._first :]))
        return self._first + sum(end <= x for end in ends)

    def _strip(self, targets: list[TargetState], width: int) -> Content:
        parts = [
            strip_part(target, marked=target.name == self.chosen, focused=self.has_focus)
            for target in targets[self._first :]
        ]
        if self._first and not parts[0].plain.startswith("▌"):
            parts[0] = Content.styled("‹", "$primary") + parts[0][1:]
        strip = Content.assemble(*parts)
        if strip.cell_length > width:
            strip = strip.truncate(width - 2) + Content.styled(" ›", "$primary")
        chosen = next(target for target in targets if target.name == self.chosen)
        elapsed = clock(chosen.elapsed(self._now)) if chosen.started is not None else ""
        below = Content.assemble(" ", standing(chosen, self._now, max(4, width - len(elapsed) - 3)))
        gap = " " * max(1, width - below.cell_length - len(elapsed) - 1)
        return Content.assemble(strip, "\n", below, gap, elapsed)
