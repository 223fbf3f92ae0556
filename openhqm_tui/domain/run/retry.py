"""Which targets of a run it makes sense to build once more, and whether to go on with it."""

from __future__ import annotations

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import Status

_RETRIED = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def _is_wanted(target: TargetState) -> bool:
    """Tell whether a target, built once more, may come out better; one that is pushed won't."""
    pushed = target.status is Status.UNKNOWN and target.pushed is Outcome.PASSED
    return target.status in _RETRIED and not pushed


def can_retry(target: TargetState) -> bool:
    """Tell whether building a target, or only its push, once more makes sense."""
    return _is_wanted(target) or push_failed(target)


def push_failed(target: TargetState) -> bool:
    """Tell whether a target's images are verified and only its push has to be repeated."""
    allowed = target.status is Status.UNKNOWN and target.run.info.allow_unknown
    verified = target.status is Status.PASSED or allowed
    return verified and target.pushed in {Outcome.FAILED, Outcome.CANCELLED}


def to_retry(state: RunState) -> list[str]:
    """Return the targets to rebuild: failed, stopped or not verified."""
    return [target.name for target in state.targets.values() if can_retry(target)]


def can_resume(state: RunState) -> bool:
    """Tell whether something of a run that nobody executes was cut off or cancelled."""
    # A lane of a target that failed was stopped because of that.
    lanes = (lane for lane in state.lanes if lane.target.outcome is not Outcome.FAILED)
    statuses = {lane.status for lane in lanes}
    statuses |= {target.status for target in state.targets.values()}
    return state.interrupted or (not state.goes_on and Status.CANCELLED in statuses)


def was_cut_off(standing: TargetState | LaneState) -> bool:
    """Tell whether a target or lane ended with its runner only: nobody cancelled it."""
    target = standing.target if isinstance(standing, LaneState) else standing
    # A lane of a target that failed was stopped because of that.
    ended = target.outcome in {Outcome.CANCELLED, Outcome.FAILED}
    over = ended or standing.status is not Status.CANCELLED
    return target.run.interrupted and not over


def ended(state: RunState) -> list[str]:
    """Return the targets of a run that came to an end, whichever."""
    targets = state.targets.values()
    return [target.name for target in targets if target.status.is_over and not was_cut_off(target)]
