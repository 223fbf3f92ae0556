"""Our own lines about a step, between those that it prints itself."""

from __future__ import annotations

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.step_state import StepState


def note_change(log: LogLines, step: StepState, before: Status, after: Status) -> None:
    """Write what a step's new status means into its log: that it begins, once how it ended."""
    number, label = step.number, step.name.label
    at = step.ended or step.started or 0.0
    if after is Status.RUNNING:
        # What belongs to no lane is mostly quick and silent: one line, at its end, will do.
        if before is Status.WAITING and step.lane is not None:
            log.add(f"▸ {label}", step=number, at=step.started or 0.0)
        return
    log.finish(number, at)
    if step.told_end:
        return
    step.told_end = True
    if after is Status.FAILED:
        log.add(f"✗ {one_line(step.error, 500)}", step=number, at=at)
        return
    # "Stopped", not "cancelled": BuildKit also stops a step whose result another build has given.
    ended = {Status.CACHED: "cached", Status.CANCELLED: "stopped"}.get(
        after, f"done in {step.busy(at):.1f} s"
    )
    if step.lane is None:
        log.add(f"▸ {label}: {ended}", step=number, at=at)
        return
    if before is Status.WAITING:
        log.add(f"▸ {label}", step=number, at=at)
    # Steps run side by side: under another step's words, only a full name is understood.
    log.add(f"  {ended}" if log.last_step == number else f"▸ {label}: {ended}", step=number, at=at)
