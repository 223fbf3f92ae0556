"""What a slow emulator cost a run, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.emulators import minutes_text, seconds_saved
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.run.state import RunState

# Seconds: less than that nobody waits for.
_WORTH_TELLING = 60.0


def emulation_cost(state: RunState) -> str:
    """Return what a faster emulator would have saved; '' where that isn't worth telling.

    Steps that ran at the same time count once: it is about the time that a person waited.
    """
    told = []
    total = 0.0
    for name, emulator in state.info.emulators.items():
        lanes = [lane for lane in state.lanes if str(lane.platform) == name]
        if not lanes:
            continue
        platform: Platform = lanes[0].platform
        steps = (
            step for lane in lanes for step in lane.steps if step.how is ExecutionMode.EMULATED
        )
        spent = _covered(pair for step in steps for pair in step.intervals.items())
        saved = seconds_saved(spent, emulator, platform)
        if spent > _WORTH_TELLING and saved:
            told.append(f"{name} {minutes_text(spent)} under {emulator.title}")
            total += saved
    if not told:
        return ""
    return (
        f"emulated steps took long ({', '.join(told)}): QEMU 10 or later would have saved about "
        f"{minutes_text(total)}; `openhqm-tui doctor --fix` registers it"
    )


def _covered(intervals: Iterable[tuple[float, float | None]]) -> float:
    """Return the seconds that the intervals cover together; one without an end covers none."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted((start, end) for start, end in intervals if end is not None):
        if end > max(start, reached):
            total += end - max(start, reached)
            reached = end
    return total
