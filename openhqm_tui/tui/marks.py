"""How states look: always a symbol and a word; colour only underlines them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from openhqm_tui.domain.findings import Health
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.verdicts import Answer

if TYPE_CHECKING:
    from openhqm_tui.domain.state import LaneState, RunState, TargetState
    from openhqm_tui.tui.past import PastLane


class Mark(NamedTuple):
    """A symbol, the word that says the same, and the style of both."""

    symbol: str
    word: str
    style: str

    @property
    def content(self) -> Content:
        """The symbol and the word, coloured."""
        return Content.assemble((f"{self.symbol} {self.word}", self.style))


_STATUS = {
    Status.WAITING: Mark("·", "waiting", "$foreground-muted"),
    Status.RUNNING: Mark("▸", "building", "$primary"),
    Status.CHECKING: Mark("◆", "checking", "$accent"),
    Status.DONE: Mark("●", "built", "$text-success"),
    Status.CACHED: Mark("●", "cached", "$foreground-muted"),
    Status.PASSED: Mark("✓", "proved", "$text-success"),
    Status.UNKNOWN: Mark("?", "not proved", "$text-warning"),
    Status.FAILED: Mark("✗", "failed", "$text-error bold"),
    Status.CANCELLED: Mark("⊘", "cancelled", "$foreground-muted"),
}
_STEP = {
    Status.WAITING: Mark("·", "waiting", "$foreground-muted"),
    Status.RUNNING: Mark("▸", "running", "$primary"),
    Status.DONE: Mark("●", "done", "$text-success"),
    Status.CACHED: Mark("○", "cached", "$foreground-muted"),
    Status.FAILED: Mark("✗", "failed", "$text-error bold"),
    # BuildKit also stops a step whose result another build has given.
    Status.CANCELLED: Mark("⊘", "stopped", "$foreground-muted"),
}
_ANSWER = {
    Answer.PASS: Mark("✓", "pass", "$text-success"),
    Answer.FAIL: Mark("✗", "fail", "$text-error bold"),
    Answer.WARN: Mark("!", "warn", "$text-warning"),
    Answer.UNKNOWN: Mark("?", "unknown", "$text-warning"),
}
_HEALTH = {
    Health.OK: Mark("✓", "ok", "$text-success"),
    Health.WARN: Mark("!", "warning", "$text-warning"),
    Health.FAIL: Mark("✗", "problem", "$text-error bold"),
    Health.UNKNOWN: Mark("?", "unknown", "$text-warning"),
}
# A run whose runner is gone before its end: killed, or the machine went down.
INTERRUPTED = Mark("↯", "interrupted", "$text-warning bold")
_NOT_BEGUN = Mark("·", "not begun", "$foreground-muted")
GOING_ON = Mark("▸", "going on", "$primary bold")
# A build that says nothing for longer than it should.
SILENT = Mark("◌", "silent", "$text-warning")


def status_mark(status: Status) -> Mark:
    """Return how a target or lane of that status looks."""
    return _STATUS[status]


def standing_mark(standing: TargetState | LaneState) -> Mark:
    """Return how a target or lane looks; nobody cancelled what the end of its runner cut off."""
    from openhqm_tui.domain.retrying import was_cut_off
    from openhqm_tui.domain.state import LaneState

    if not was_cut_off(standing):
        return _STATUS[standing.status]
    target = standing.target if isinstance(standing, LaneState) else standing
    return _NOT_BEGUN if target.started is None else INTERRUPTED


def past_mark(lane: PastLane) -> Mark:
    """Return how a lane looks that ended some time ago."""
    return INTERRUPTED if lane.cut_off else _STATUS[lane.status]


def silent_for(target: TargetState, now: float) -> float | None:
    """Return for how many seconds a build has said nothing, where that is worth a word."""
    if target.silent_since is None or not target.run.goes_on or target.outcome is not None:
        return None
    return max(0.0, now - target.silent_since)


def step_mark(status: Status) -> Mark:
    """Return how a step looks; it has fewer states than a lane."""
    return _STEP[status]


def run_mark(state: RunState) -> Mark:
    """Return how a run looks: one that was told not to check proves nothing."""
    if state.interrupted:
        return INTERRUPTED
    built = state.status is Status.PASSED and not state.info.check
    return _STATUS[Status.DONE if built else state.status]


def answer_mark(answer: Answer) -> Mark:
    """Return how a verdict looks."""
    return _ANSWER[answer]


def health_mark(health: Health) -> Mark:
    """Return how a finding looks."""
    return _HEALTH[health]


def lit(content: Content, *, focused: bool) -> Content:
    """Return what the cursor is on as the cursor shows it; colours of its own stay."""
    kind = "" if focused else "-blurred"
    colours = f"$block-cursor{kind}-foreground on $block-cursor{kind}-background"
    return content.stylize_before(f"{colours} $lit{kind}-style")
