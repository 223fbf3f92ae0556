"""How a lane stands, in a mark and a word each: nothing is told by colour only."""

from __future__ import annotations

from openhqm_tui.domain.run.retry import was_cut_off
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.run.status import Status

MARKS: dict[Status, str] = {
    Status.WAITING: "·",
    Status.RUNNING: "▸",
    Status.CHECKING: "?",
    Status.DONE: "✓",
    Status.CACHED: "✓",
    Status.PASSED: "✓",
    Status.UNKNOWN: "?",
    Status.FAILED: "✗",
    Status.CANCELLED: "−",
}
WORDS: dict[Status, str] = {
    Status.WAITING: "waiting",
    Status.RUNNING: "building",
    Status.CHECKING: "checking",
    Status.DONE: "built",
    Status.CACHED: "cached",
    Status.PASSED: "proved",
    Status.UNKNOWN: "not proved",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def mark_and_word(lane: LaneState) -> tuple[str, str]:
    """Return how a lane stands; nobody cancelled what the end of its runner cut off."""
    if not was_cut_off(lane):
        return MARKS[lane.status], WORDS[lane.status]
    return ("·", "not begun") if lane.target.started is None else ("↯", "interrupted")
