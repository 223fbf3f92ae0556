"""Labels on screen: a symbol and a word for each status; times, sizes, names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from openhqm_tui.domain.findings import Health
from openhqm_tui.domain.formatting import clock_text
from openhqm_tui.domain.run.status import (
    CUT_OFF,
    IN_PROGRESS,
    SILENT,
    STATUS_TEXTS,
    STEP_TEXTS,
    STOPPED,
    VERDICT_TEXTS,
    ColorRole,
    Status,
    StatusText,
)
from openhqm_tui.domain.text import one_line

if TYPE_CHECKING:
    from openhqm_tui.domain.buildkit.vertex import ExecutionMode
    from openhqm_tui.domain.checks.verdict import Answer
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.run.counts import StatusFacts
    from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
    from openhqm_tui.tui.history.past_runs import PastLane


class Mark(NamedTuple):
    """A symbol, an equivalent word, and their style."""

    symbol: str
    word: str
    style: str

    @property
    def content(self) -> Content:
        """The symbol and the word, colored."""
        return Content.assemble((f"{self.symbol} {self.word}", self.style))


_STYLES = {
    ColorRole.MUTED: "$foreground-muted",
    ColorRole.ACTIVE: "$primary",
    ColorRole.CHECKING: "$accent",
    ColorRole.SUCCESS: "$text-success",
    ColorRole.WARNING: "$text-warning",
    ColorRole.ERROR: "$text-error bold",
}
_HEALTH = {
    Health.OK: Mark("✓", "ok", "$text-success"),
    Health.WARN: Mark("!", "warning", "$text-warning"),
    Health.FAIL: Mark("✗", "problem", "$text-error bold"),
    Health.UNKNOWN: Mark("?", "unknown", "$text-warning"),
}
INTERRUPTED = Mark(CUT_OFF.symbol, CUT_OFF.word, "$text-warning bold")
GOING_ON = Mark(IN_PROGRESS.symbol, IN_PROGRESS.word, "$primary bold")


def _mark(text: StatusText) -> Mark:
    if text is CUT_OFF:
        return INTERRUPTED
    return Mark(text.symbol, text.word, _STYLES[text.role])


def silent_mark(seconds: float) -> Mark:
    """Return the mark of a build without output for some seconds."""
    return _mark(SILENT._replace(word=f"{SILENT.word} {clock_text(seconds)}"))


def role_style(role: ColorRole) -> str:
    """Return the style of a color role."""
    return _STYLES[role]


def status_mark(status: Status) -> Mark:
    """Return the mark of a status."""
    return _mark(STATUS_TEXTS[status])


def state_mark(standing: TargetState | LaneState) -> Mark:
    """Return the mark of a target or lane."""
    from openhqm_tui.domain.run.decisions import status_text

    return _mark(status_text(standing))


def facts_mark(facts: StatusFacts, *, interrupted: bool) -> Mark:
    """Return the mark of targets or lanes with these facts."""
    from openhqm_tui.domain.run.decisions import text_of

    return _mark(text_of(facts, interrupted=interrupted))


def past_mark(lane: PastLane) -> Mark:
    """Return the mark of a past lane."""
    if lane.cut_off:
        return INTERRUPTED
    return _mark(STOPPED if lane.stopped else STATUS_TEXTS[lane.status])


def silent_for(target: TargetState, now: float) -> float | None:
    """Return for how many seconds a build has printed nothing; None if not long enough to show."""
    if target.silent_since is None or not target.run.in_progress or target.outcome is not None:
        return None
    return max(0.0, now - target.silent_since)


def step_mark(status: Status) -> Mark:
    """Return the mark of a step."""
    return _mark(STEP_TEXTS[status])


def run_mark(state: RunState) -> Mark:
    """Return the mark of a run; one without checks is never verified."""
    if state.interrupted:
        return INTERRUPTED
    built = state.status is Status.PASSED and not state.info.check
    return status_mark(Status.DONE if built else state.status)


def answer_mark(answer: Answer) -> Mark:
    """Return the mark of a verdict."""
    return _mark(VERDICT_TEXTS[answer])


def health_mark(health: Health) -> Mark:
    """Return the mark of a finding."""
    return _HEALTH[health]


def highlighted(content: Content, *, focused: bool) -> Content:
    """Return content in the cursor's style, keeping its own colors."""
    kind = "" if focused else "-blurred"
    colors = f"$block-cursor{kind}-foreground on $block-cursor{kind}-background"
    return content.stylize_before(f"{colors} $lit{kind}-style")


def path_words(path: Path) -> str:
    """Return a path quoted for a shell, with `~` for the home folder."""
    try:
        return str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def how_of(lane: LaneState) -> ExecutionMode | None:
    """Return how a lane is built; None while unknown."""
    return lane.how


def way_words(lane: LaneState) -> str:
    """Return how and on which node a lane is built: `native on arm1`; '' while unknown."""
    how = how_of(lane)
    words = [how.value] if how is not None else []
    return " ".join([*words, *([f"on {one_line(lane.node_name, 24)}"] if lane.node_name else [])])


def short(platform: Platform) -> str:
    """Return the platform without `linux/`, for narrow columns."""
    return str(platform).removeprefix("linux/")


def step_label(target: TargetState, number: int) -> str:
    """Return a step's name by its number in its target; output without a step is Buildx's."""
    steps = (step for step in target.steps.values() if step.number == number)
    return next((step.name.short_label for step in steps), "Buildx")
