"""What is said of a run as a whole, beside its targets."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from openhqm_tui.domain.state import RunState, Status
from openhqm_tui.tui.marks import status_mark
from openhqm_tui.tui.words import clock, count, when

# In the order in which a person asks: what goes wrong, what goes on, what is to come.
_TOLD = (
    Status.FAILED,
    Status.RUNNING,
    Status.CHECKING,
    Status.WAITING,
    Status.UNKNOWN,
    Status.CANCELLED,
)


def totals(state: RunState, width: int) -> Content:
    """Return how many targets are over and how the rest stand, as fully as there is room for."""
    standing = Counter(target.status for target in state.targets.values())
    over = sum(number for status, number in standing.items() if status.is_over)
    first = f"{over}/{len(state.targets)} over"
    told = [(status_mark(status), standing[status]) for status in _TOLD if standing[status]]
    words = [(f"{mark.symbol} {number} {mark.word}", mark.style) for mark, number in told]
    signs = [(f"{mark.symbol} {number}", mark.style) for mark, number in told]
    for parts in (words, [*words[:1], *signs[1:]], signs):
        content = Content(" · ").join([Content.styled(first, "bold"), *map(_styled, parts)])
        if content.cell_length <= width:
            break
    return content


def _styled(part: tuple[str, str]) -> Content:
    return Content.styled(*part)


def facts(state: RunState, now: float) -> Content:
    """Return when the run was, what it makes and from what, and what is odd about it."""
    info = state.info
    images = count(len(state.lanes), "image")
    lines = [
        Content.styled(when(info.created), "$foreground-muted"),
        Content(f"{images} · {clock(state.elapsed(now))}"),
    ]
    if info.test_only:
        lines.append(Content("test only"))
    if state.interrupted:
        lines.append(Content.styled("! interrupted", "$text-warning"))
    if info.base:
        lines.append(Content.styled(f"base {info.base}", "$foreground-muted"))
    if state.notes:
        lines.append(Content.styled(f"! {state.notes[-1]}", "$text-warning"))
    return Content("\n").join(lines)
