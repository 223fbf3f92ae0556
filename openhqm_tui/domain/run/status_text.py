"""Which entry of the status table a target or lane has."""

from __future__ import annotations

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.retry import was_cut_off
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.domain.run.status import (
    CHECK_FAILED,
    CUT_OFF,
    NOT_BEGUN,
    STATUS_TEXTS,
    STOPPED,
    Status,
    StatusText,
)


def status_text(standing: TargetState | LaneState) -> StatusText:
    """Return how a target or lane is shown.

    Nobody cancelled what ended with its runner, or what BuildKit stopped because a sibling failed.
    """
    target = standing.target if isinstance(standing, LaneState) else standing
    if was_cut_off(standing):
        return NOT_BEGUN if target.started is None else CUT_OFF
    if standing.status is Status.CANCELLED and target.outcome is Outcome.FAILED:
        return STOPPED
    return STATUS_TEXTS[standing.status]


def result_text(lane: LaneState) -> StatusText:
    """Return how a lane is shown in a summary, which tells a failed check from a failed build."""
    if lane.status is Status.FAILED and lane.verdicts:
        return CHECK_FAILED
    return status_text(lane)
