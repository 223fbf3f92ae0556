"""The lines around a run's targets and panes: totals, facts, visible panes, how to resume."""

from __future__ import annotations

from collections import Counter

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from openhqm_tui.domain.formatting import count_text, local_time_text
from openhqm_tui.domain.run.decisions import ended_count, products_text
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.eta import TimeLeft
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
    """The number of targets done and the status of the rest; on the right, facts about the run."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TotalsLine { height: 1; width: 1fr; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    _shown: tuple[RunState, TimeLeft | None] | None = None
    _current = Content()

    def show(self, state: RunState, left: TimeLeft | None = None) -> None:
        """Update totals and facts."""
        self._shown = state, left
        content = totals_line(state, self.size.width, left)
        if not content.is_same(self._current):
            self._current = content
            self.update(content, layout=False)

    def on_resize(self) -> None:
        """Adapt to the new width."""
        if self._shown is not None:
            self.show(*self._shown)


def totals_line(state: RunState, width: int, left: TimeLeft | None = None) -> Content:
    """Return totals, and as many facts as fit on the right."""
    line = totals(state, width)
    told = facts(state, left)
    while told:
        right = Content(" · ").join(told)
        gap = width - line.cell_length - right.cell_length
        if gap >= 3:
            return Content.assemble(line, " " * gap, right)
        told.pop()
    return line


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


def facts(state: RunState, left: TimeLeft | None = None) -> list[Content]:
    """Return facts about a run besides its targets, the most important first."""
    info = state.info
    told = []
    if state.notes:
        told.append(Content.styled(f"! {state.notes[-1]}", "$text-warning"))
    if info.push and any(t.pushing or t.pushed is not None for t in state.targets.values()):
        told.append(push_words(state))
    if info.test_only:
        told.append(Content("test only: no images are kept"))
    if left is not None and state.in_progress and left.is_unknown:
        words = f"no estimate yet{'' if left.is_known else ' (first run)'}"
        told.append(Content.styled(words, "$foreground-muted"))
    told.append(Content(products_text(state)))
    told.append(Content.styled(local_time_text(info.created), "$foreground-muted"))
    if info.base:
        told.append(Content.styled(f"base {info.base}", "$foreground-muted"))
    return told


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
    page: int,
    pages: int,
    *,
    lanes: int,
    seen: int,
    shows_all: bool,
    zoomed: bool,
    busiest_first: bool,
    own: bool,
) -> tuple[str, list[Part]]:
    """Return the visible page, and the labels and actions of the line."""
    parts: list[Part] = []
    where = f"{'pane' if zoomed else 'page'} {page + 1}/{pages}"
    if pages > 1:
        parts += [("[ Previous", "page(-1)"), ("] Next", "page(1)")]
    elif not zoomed:
        where = count_text(lanes, "image") if seen >= lanes else f"{seen} of {lanes} images"
    if zoomed:
        parts.append(("z Restore", "zoom"))
    parts.append(("Z Board", "grid") if shows_all else ("Z All panes", "grid"))
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
            lanes=len(panes.order),
            seen=len(panes.visible_panes),
            shows_all=panes.shows_all,
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
