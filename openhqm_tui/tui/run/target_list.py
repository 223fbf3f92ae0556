"""The targets of a run: a list, or a strip in a narrow terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.formatting import clock_text, count_text, elapsed_text, time_left_text
from openhqm_tui.domain.names import matches, shortened
from openhqm_tui.domain.plan.outputs import artifact_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line
from openhqm_tui.run.follow.eta import TimeLeft, left_text
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import SILENT, Mark, highlighted, how_of, silent_for, state_mark

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate


_BAR = 8
_WIDE_BAR = 12
_LEAST_BAR = 4
_WIDE = 40
_LEAST_NAME = 8
_MOST_IN_STRIP = 24
# Minimum width of a line with name, elapsed and estimated time.
_TIMED = 24
_BARRED = {Status.RUNNING, Status.FAILED, Status.CANCELLED}


def two_lines(
    target: TargetState,
    now: float,
    width: int,
    *,
    marked: bool,
    focused: bool,
    left: Estimate | None = None,
) -> list[Content]:
    """Return a target's name and time, and below them its progress and status.

    `left` is the estimated time left, if known.
    """
    mark = state_mark(target)
    edge = Content.styled("▌", "$primary") if marked else Content(" ")
    elapsed = Content(_time(target, now, left if width >= _TIMED else None))
    name = _name(target, max(4, width - 4 - elapsed.cell_length))
    gap = " " * max(1, width - 3 - name.cell_length - elapsed.cell_length)
    first = Content.assemble(edge, (f"{mark.symbol} ", mark.style), name, gap, elapsed)
    second = edge + Content("  ") + standing(target, now, max(4, width - 4), left)
    lines = [
        line.truncate(width).pad_right(max(0, width - line.cell_length)) for line in (first, second)
    ]
    return [highlighted(line, focused=focused) for line in lines] if marked else lines


def standing(target: TargetState, now: float, width: int, left: Estimate | None = None) -> Content:
    """Return bar, steps and status, then further facts that fit.

    The bar shows the elapsed share of the estimated time if known, else of the steps.
    """
    mark = state_mark(target)
    line = Content.styled(state_word(target, mark), mark.style)
    if (silent := silent_for(target, now)) is not None and not target.cancel_asked:
        line = Content.styled(silent_words(silent), SILENT.style)
    over, known = target.step_counts()
    if known and target.status in _BARRED and target.outcome is not Outcome.PASSED:
        line = Content(f"{over}/{known} ") + line
        cells = min(_WIDE_BAR if width >= _WIDE else _BAR, width - line.cell_length - 1)
        if cells >= _LEAST_BAR:
            done, whole = float(over), float(known)
            if left is not None and left.whole and target.status is Status.RUNNING:
                done = target.elapsed(now)
                whole = done + left.seconds
            line = bar(done, whole, cells, mark.style) + Content(" ") + line
    if left is not None and not target.status.is_over:
        line = _longer(line, Content(left_text(left)), width) or line
    for more in _more(target):
        longer = _longer(line, more, width)
        if longer is None:
            break
        line = longer
    return line


def _longer(line: Content, more: Content, width: int) -> Content | None:
    """Append text to a line if it fits."""
    longer = Content.assemble(line, " · ", more)
    return longer if longer.cell_length <= width else None


def _time(target: TargetState, now: float, left: Estimate | None) -> str:
    """Return elapsed and estimated total time: `0:05/~0:17 `."""
    if target.started is None:
        return ""
    elapsed = target.elapsed(now)
    if left is None or target.status.is_over:
        return f"{elapsed_text(elapsed, running=not target.status.is_over)} "
    about = "~" if left.whole else ">"
    return f"{clock_text(elapsed)}/{about}{time_left_text(elapsed + left.seconds)} "


def state_word(target: TargetState, mark: Mark) -> str:
    """Return the status as a word, including "stopping" and failed checks."""
    if target.status is Status.FAILED and target.outcome is Outcome.PASSED:
        return "checks failed"
    return "stopping" if target.cancel_asked and not target.status.is_over else mark.word


def silent_words(seconds: float) -> str:
    """Return how long a build has printed nothing: `◌ silent 5:12`."""
    return f"{SILENT.symbol} {SILENT.word} {clock_text(seconds)}"


def bar(done: float, whole: float, cells: int, style: str) -> Content:
    """Return a progress bar."""
    filled = min(cells, int(cells * done / whole)) if whole > 0 else 0
    return Content.assemble(("━" * filled, style), ("─" * (cells - filled), "$foreground-muted"))


def strip_part(target: TargetState, *, marked: bool, focused: bool) -> Content:
    """Return a target's part of the strip: symbol and name."""
    mark = state_mark(target)
    edge = ("▌", "$primary") if marked else (" ", "")
    name = shortened(target.run.targets, _MOST_IN_STRIP)[target.name]
    part = Content.assemble(edge, (f"{mark.symbol} ", mark.style), (name, "bold"), " ")
    return highlighted(part, focused=focused) if marked else part


def strip_first(widths: Sequence[int], chosen: int, room: int, first: int) -> int:
    """Return the first target of a strip of width `room` that keeps `chosen` visible."""
    first = min(first, chosen)
    while first < chosen and sum(widths[first : chosen + 1]) > room:
        first += 1
    while first > 0 and sum(widths[first - 1 :]) <= room:
        first -= 1
    return first


def _name(target: TargetState, room: int) -> Content:
    """Return the name, shortened if necessary, and the attempt if not the first."""
    if target.attempt < 2:
        return Content.styled(shortened(target.run.targets, room)[target.name], "bold")
    for again in (f" attempt {target.attempt}", f" ↻{target.attempt}"):
        if min(len(target.name), _LEAST_NAME) + len(again) <= room:
            break
    short = shortened(target.run.targets, max(4, room - len(again)))[target.name]
    return Content.assemble((short, "bold"), (again, "$foreground-muted"))


def _more(target: TargetState) -> Iterable[Content]:
    if target.info.artifacts:
        yield Content(one_line(", ".join(map(artifact_text, target.info.artifacts)), 40))
    if target.warnings:
        words = f"! {count_text(len(target.warnings), 'warning')}"
        yield Content.styled(words, "$text-warning")
    if any(how_of(lane) is ExecutionMode.EMULATED for lane in target.lanes.values()):
        yield Content("emulated")
    if cached := sum(step.cached for step in target.steps.values()):
        yield Content(f"{cached} cached")
    nodes = dict.fromkeys(filter(None, (lane.node_name for lane in target.lanes.values())))
    if nodes:
        yield Content(f"on {', '.join(one_line(name, 24) for name in nodes)}")


# Minimum width of a terminal for a list beside the logs.
STRIP_BELOW = 80


class TargetList(Widget, can_focus=True):
    """Two lines per target; draws only visible ones."""

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
        self._words = ""
        self._state: RunState | None = None
        self._now = 0.0
        self._left = TimeLeft()
        self._first = 0

    @property
    def is_strip(self) -> bool:
        """Return whether the targets are shown side by side."""
        return self.app.size.width < STRIP_BELOW

    def show(self, state: RunState, now: float, left: TimeLeft) -> None:
        """Update status and estimates of the targets."""
        self._state, self._now, self._left = state, now, left
        if self.chosen not in state.targets:
            self.chosen = next(iter(state.targets), "")
            self._first = 0
        self.refresh()

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

    def render(self) -> Content:
        """Draw the visible targets."""
        targets, width = self._targets(), self.size.width
        if not targets:
            return Content.styled(" no target matches" if self._words else "", "$foreground-muted")
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
        """Return two lines for a strip; a list takes the available height."""
        return 2

    def action_move(self, by: int) -> None:
        """Select a target further up or down."""
        names = [target.name for target in self._targets()]
        if names:
            place = (names.index(self.chosen) if self.chosen in names else 0) + by
            self.choose(names[max(0, min(len(names) - 1, place))])

    def action_leap(self, pages: int) -> None:
        """Move the selection by pages."""
        self.action_move(pages * max(1, self._room - 1))

    def action_zoom(self) -> None:
        """Request to maximize the pane."""
        self.post_message(self.Zoom())

    def on_resize(self) -> None:
        """Keep the selected target visible."""
        self._reveal()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Select the clicked target; a double click maximizes its pane."""
        targets = self._targets()
        index = self._target_at(event.x, event.y)
        if index < len(targets):
            self.choose(targets[index].name)
            if event.chain == 2:
                self.action_zoom()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll to later targets."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll to earlier targets."""
        event.stop()
        self.action_move(-1)

    @property
    def _room(self) -> int:
        """The number of fully visible targets."""
        return max(1, self.size.height // 2)

    def filter(self, words: str) -> tuple[int, int]:
        """Show only targets with these words in name or status; return how many of how many."""
        self._words = words
        shown = self._targets()
        if shown and all(target.name != self.chosen for target in shown):
            self.choose(shown[0].name)
        self._reveal()
        self.refresh()
        return len(shown), len(self._state.targets) if self._state else 0

    def action_filter(self) -> None:
        """Request to type a filter."""
        self.post_message(self.Filter())

    def _targets(self) -> list[TargetState]:
        targets = list(self._state.targets.values()) if self._state else []
        if not self._words:
            return targets
        return [t for t in targets if matches(f"{t.name} {state_mark(t).word}", self._words)]

    def _reveal(self) -> None:
        targets = self._targets()
        chosen = next((i for i, target in enumerate(targets) if target.name == self.chosen), 0)
        if self.is_strip:
            self._first = strip_first(self._widths(targets), chosen, self.size.width, self._first)
            return
        # Don't scroll past the end: a list that fits shows its first target.
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
        named = (target for target in targets if target.name == self.chosen)
        chosen = next(named, targets[0])
        elapsed = _time(chosen, self._now, None).rstrip()
        below = Content.assemble(" ", standing(chosen, self._now, max(4, width - len(elapsed) - 3)))
        gap = " " * max(1, width - below.cell_length - len(elapsed) - 1)
        return Content.assemble(strip, "\n", below, gap, elapsed)
