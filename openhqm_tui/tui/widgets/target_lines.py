"""How a target looks in the list: two lines, or a few cells of a strip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.journal import Outcome
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.steps import How
from openhqm_tui.tui.marks import SILENT, Mark, lit, silent_for, standing_mark
from openhqm_tui.tui.time_left import left_words
from openhqm_tui.tui.words import clock, count, how_of

if TYPE_CHECKING:
    from openhqm_tui.domain.estimate import Guess
    from openhqm_tui.domain.state import TargetState

_BAR = 8
_WIDE_BAR = 12
_LEAST_BAR = 4
_WIDE = 40
_LEAST_NAME = 8
# Narrower than this a line has no room for a name, its time and what that will be.
_TIMED = 24
_BARRED = {Status.RUNNING, Status.FAILED, Status.CANCELLED}


def two_lines(
    target: TargetState,
    now: float,
    width: int,
    *,
    marked: bool,
    focused: bool,
    left: Guess | None = None,
) -> list[Content]:
    """Return a target's name and time, and below how far it is and how it stands.

    `left` is how long it still takes, where that is known.
    """
    mark = standing_mark(target)
    edge = Content.styled("▌", "$primary") if marked else Content(" ")
    elapsed = Content(_time(target, now, left if width >= _TIMED else None))
    name = _name(target, max(4, width - 4 - elapsed.cell_length))
    gap = " " * max(1, width - 3 - name.cell_length - elapsed.cell_length)
    first = Content.assemble(edge, (f"{mark.symbol} ", mark.style), name, gap, elapsed)
    second = edge + Content("  ") + standing(target, now, max(4, width - 4), left)
    lines = [
        line.truncate(width).pad_right(max(0, width - line.cell_length)) for line in (first, second)
    ]
    return [lit(line, focused=focused) for line in lines] if marked else lines


def standing(target: TargetState, now: float, width: int, left: Guess | None = None) -> Content:
    """Return bar, steps and state; then what else is worth knowing, while there is room.

    The bar fills by the time that it takes where that is known, else by the steps.
    """
    mark = standing_mark(target)
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
        line = _longer(line, Content(left_words(left)), width) or line
    for more in _more(target):
        longer = _longer(line, more, width)
        if longer is None:
            break
        line = longer
    return line


def _longer(line: Content, more: Content, width: int) -> Content | None:
    """Return a line with more behind it, if that fits."""
    longer = Content.assemble(line, " · ", more)
    return longer if longer.cell_length <= width else None


def _time(target: TargetState, now: float, left: Guess | None) -> str:
    """Return how long it has taken, and what it will have taken: `0:05/~0:17 `."""
    if target.started is None:
        return ""
    elapsed = target.elapsed(now)
    if left is None or target.status.is_over:
        return f"{clock(elapsed)} "
    about = "~" if left.whole else ">"
    return f"{clock(elapsed)}/{about}{clock(elapsed + left.seconds + 0.5)} "


def state_word(target: TargetState, mark: Mark) -> str:
    """Return the word of a state; also that a target is being stopped, or fails its checks."""
    if target.status is Status.FAILED and target.outcome is Outcome.PASSED:
        return "checks failed"
    return "stopping" if target.cancel_asked and not target.status.is_over else mark.word


def silent_words(seconds: float) -> str:
    """Return for how long a build has said nothing: `◌ silent 5:12`."""
    return f"{SILENT.symbol} {SILENT.word} {clock(seconds)}"


def bar(done: float, whole: float, cells: int, style: str) -> Content:
    """Return how far something is, as a line that fills."""
    filled = min(cells, int(cells * done / whole)) if whole > 0 else 0
    return Content.assemble(("━" * filled, style), ("─" * (cells - filled), "$foreground-muted"))


def strip_part(target: TargetState, *, marked: bool, focused: bool) -> Content:
    """Return a target in a strip: symbol and name."""
    mark = standing_mark(target)
    edge = ("▌", "$primary") if marked else (" ", "")
    part = Content.assemble(edge, (f"{mark.symbol} ", mark.style), (target.name, "bold"), " ")
    return lit(part, focused=focused) if marked else part


def strip_first(widths: Sequence[int], chosen: int, room: int, first: int) -> int:
    """Return the first target of a strip `room` wide that keeps `chosen` in sight."""
    first = min(first, chosen)
    while first < chosen and sum(widths[first : chosen + 1]) > room:
        first += 1
    while first > 0 and sum(widths[first - 1 :]) <= room:
        first -= 1
    return first


def _name(target: TargetState, room: int) -> Content:
    """Return the name, shortened if it must be, and which attempt it is if not the first."""
    name = Content.styled(target.name, "bold")
    if target.attempt < 2:
        return name.truncate(room, ellipsis=True)
    for again in (f" attempt {target.attempt}", f" ↻{target.attempt}"):
        if min(name.cell_length, _LEAST_NAME) + len(again) <= room:
            break
    return name.truncate(max(4, room - len(again)), ellipsis=True) + Content.styled(
        again, "$foreground-muted"
    )


def _more(target: TargetState) -> Iterable[Content]:
    if target.warnings:
        words = f"! {count(len(target.warnings), 'warning')}"
        yield Content.styled(words, "$text-warning")
    if any(how_of(lane) is How.EMULATED for lane in target.lanes.values()):
        yield Content("emulated")
    if cached := sum(step.cached for step in target.steps.values()):
        yield Content(f"{cached} cached")
    nodes = dict.fromkeys(filter(None, (lane.node_name for lane in target.lanes.values())))
    if nodes:
        yield Content(f"on {', '.join(one_line(name, 24) for name in nodes)}")
