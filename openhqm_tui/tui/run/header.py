"""The lines around a run's targets and panes: totals, facts, visible panes, how to resume."""

from __future__ import annotations

from collections import Counter

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from openhqm_tui.domain.formatting import count_text, elapsed_text, local_time_text
from openhqm_tui.domain.run.decisions import ended_count, products_text
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.eta import TimeLeft, left_text
from openhqm_tui.tui.checks.text import push_words
from openhqm_tui.tui.core.labels import INTERRUPTED, Mark, facts_mark
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.widgets.links import LinkedText

# In order of interest: problems, active, upcoming.
_TOLD = (
    Status.FAILED,
    Status.RUNNING,
    Status.CHECKING,
    Status.WAITING,
    Status.UNKNOWN,
    Status.CANCELLED,
    Status.DONE,
    Status.PASSED,
)


class NoRunMessage(Static):
    """A message that no run is open, and how to open one."""

    def on_mount(self) -> None:
        """Show the message."""
        self.update(
            Content.assemble(
                ("No run is open.\n\n", "bold"),
                ("1", "$primary bold"),
                " Plan: start a run · ",
                ("4", "$primary bold"),
                " History: open a past run",
            )
        )


class TotalsLine(Static):
    """The number of targets done, and the status of the rest."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TotalsLine { height: 1; width: 1fr; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    _state: RunState | None = None
    _current = Content()

    def show(self, state: RunState) -> None:
        """Update the totals."""
        self._state = state
        content = totals(state, self.size.width)
        if not content.is_same(self._current):
            self._current = content
            self.update(content, layout=False)

    def on_resize(self) -> None:
        """Adapt to the new width."""
        if self._state is not None:
            self.show(self._state)


class FactsBox(Static):
    """Facts about the run: time, results, base image, unusual options."""

    _facts: tuple[RunState, float, TimeLeft | None] | None = None
    _current = Content()
    _lines = 0

    def show(self, state: RunState, now: float, left: TimeLeft | None = None) -> None:
        """Update the facts."""
        self._facts = state, now, left
        content = facts(state, now, self.size.width, left)
        if content.is_same(self._current):
            return
        self._current = content
        # Lay out again only if the height changed.
        lines = sum(1 + line.cell_length // max(1, self.size.width) for line in content.split("\n"))
        self.update(content, layout=lines != self._lines)
        self._lines = lines

    def on_resize(self) -> None:
        """Truncate the lines to the new width."""
        if self._facts is not None:
            self.show(*self._facts)


def totals(state: RunState, width: int) -> Content:
    """Return the number of targets done and the status of the rest, as far as it fits."""
    first = f"{ended_count(state)}/{len(state.targets)} done"
    counts = state.counts.targets
    numbers: Counter[Mark] = Counter()
    # In full: the order of the counts themselves differs between processes.
    for facts in sorted(counts, key=lambda f: (_TOLD.index(f.status), not f.begun, str(f.outcome))):
        numbers[facts_mark(facts, interrupted=state.interrupted)] += counts[facts]
    told = list(numbers.items())
    words = [(f"{mark.symbol} {number} {mark.word}", mark.style) for mark, number in told]
    signs = [(f"{mark.symbol} {number}", mark.style) for mark, number in told]
    shorter = [[*words[:full], *signs[full:]] for full in range(len(told), -1, -1)]
    shorter += [signs[:kept] for kept in range(len(told) - 1, -1, -1)]
    for parts in shorter:
        # Not separated by dots: a dot is the symbol of waiting.
        content = Content("  ").join(Content.styled(*part) for part in [(first, "bold"), *parts])
        if content.cell_length <= width:
            break
    return content


def facts(state: RunState, now: float, width: int, left: TimeLeft | None = None) -> Content:
    """Return facts about a run besides its targets, in lines of `width`."""
    info = state.info
    made = f"{products_text(state)} · {local_time_text(info.created)}"
    with_time = f"{made} · {elapsed_text(state.elapsed(now), running=state.in_progress)}"
    lines = [Content(with_time if len(with_time) <= width else made)]
    if left is not None and state.in_progress:
        guess = left.of()
        if guess is not None:
            lines.append(Content(f"{'about ' if guess.whole else ''}{left_text(guess)}"))
        elif left.is_unknown:
            words = "no estimate yet (first run)"
            lines.append(Content.styled(words, "$foreground-muted").truncate(width, ellipsis=True))
    if info.base:
        base = Content.styled(f"base {info.base}", "$foreground-muted")
        lines.append(base.truncate(max(8, width), ellipsis=True))
    if info.test_only:
        lines.append(Content("test only: no images are kept"))
    if info.push and any(t.pushing or t.pushed is not None for t in state.targets.values()):
        lines.append(push_words(state).truncate(max(8, width), ellipsis=True))
    if state.interrupted:
        lines.append(INTERRUPTED.content)
    if state.notes:
        lines.append(Content.styled(f"! {state.notes[-1]}", "$text-warning"))
    return Content("\n").join(lines)


_STYLE = INTERRUPTED.style


class InterruptedPanel(LinkedText):
    """Two lines above an interrupted run, with clickable actions."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    InterruptedPanel {
        height: auto;
        max-height: 3;
        padding: 0 1;
        background: $surface;
        display: none;
    }
    """
    _current = Content()

    def show(self, state: RunState | None, *, resumable: bool = True) -> None:
        """Show the state of the open run; a read-only run has no actions."""
        content = Content()
        if state is not None and state.interrupted:
            content = cut_off_words(state, resumable=resumable)
        if not content.is_same(self._current):
            self._current = content
            self.update(content)
        self.display = bool(content.plain)


def cut_off_words(state: RunState, *, resumable: bool) -> Content:
    """Return what happened to an interrupted run, and the actions."""
    builds = any(t.started is not None and t.outcome is None for t in state.targets.values())
    left = "; Buildx may still be running" if builds and resumable else ""
    content = Content.assemble(
        (f"{INTERRUPTED.symbol} Interrupted at {ended_count(state)}/{len(state.targets)}", _STYLE),
        f": the runner died{left}.",
    )
    if not resumable:
        return content
    offer = Style.from_meta({"@click": "screen.resume"})
    ways = "\n", (" u Resume ", offer), " stops what is still running and builds the rest."
    return Content.assemble(content, *ways)


Part = tuple[str, str]


def page_words(
    page: int, pages: int, *, lanes: int, zoomed: bool, busiest_first: bool, own: bool
) -> tuple[str, list[Part]]:
    """Return the visible page, and the labels and actions of the line."""
    parts: list[Part] = []
    where = f"{'pane' if zoomed else 'page'} {page + 1}/{pages}"
    if pages > 1:
        parts += [("[ Previous", "page(-1)"), ("] Next", "page(1)")]
    elif not zoomed:
        where = count_text(lanes, "image")
    if zoomed:
        parts.append(("z All panes", "zoom"))
    parts.append(("s Steps", "steps"))
    parts += [("L Image log" if own else "L Build setup log", "own_log"), ("p Pager", "page_log")]
    if pages > 1 and not zoomed:
        parts.append(("o Plan order" if busiest_first else "o Busiest first", "order"))
    return where, parts


class PagesLine(LinkedText):
    """A line of clickable words; those that don't fit are dropped."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    PagesLine {
        height: 1;
        width: 1fr;
        padding: 0 1;
        background: $surface;
        color: $foreground;
        text-wrap: nowrap;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._where = ""
        self._parts: list[Part] = []

    def show_panes(self, panes: LanePanes, *, own: bool) -> None:
        """Show the visible page; `own` says whether a target's own log is shown."""
        where, parts = page_words(
            panes.page,
            panes.pages,
            lanes=len(panes.panes),
            zoomed=panes.zoomed is not None,
            busiest_first=panes.busiest_first,
            own=own,
        )
        self.show(where, parts)

    def show(self, where: str, parts: list[Part]) -> None:
        """Show the position, and labels with their screen actions."""
        if (where, parts) != (self._where, self._parts):
            self._where, self._parts = where, parts
            self._draw()

    def on_resize(self) -> None:
        """Drop what doesn't fit."""
        self._draw()

    def _draw(self) -> None:
        line = Content.styled(self._where, "bold")
        for words, action in self._parts:
            click = Style.from_meta({"@click": f"screen.{action}"})
            longer = Content.assemble(line, " " if line else "", (f" {words} ", click))
            if longer.cell_length > self.size.width:
                break
            line = longer
        self.update(line, layout=False)
