"""Which targets of a run it makes sense to build once more."""

from __future__ import annotations

from openhqm_tui.domain.state import RunState, Status, TargetState

_RETRIED = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def can_retry(target: TargetState) -> bool:
    """Tell whether building a target once more makes sense."""
    return target.status in _RETRIED


def to_retry(state: RunState) -> list[str]:
    """Return the targets to build once more: those that failed, were stopped, aren't proved."""
    return [target.name for target in state.targets.values() if can_retry(target)]
