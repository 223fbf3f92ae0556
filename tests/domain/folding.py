"""Run states as plain data, so that two of them can be compared."""

from __future__ import annotations

from typing import Any

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.step import StepState


def as_plain_data(state: RunState) -> dict[str, Any]:
    """Return everything in a state, including the log lines."""
    return {
        "run": (state.status, state.started, state.ended, state.notes),
        "targets": {
            name: {
                "times": (target.attempt, target.started, target.ended),
                "end": (target.status, target.exit_code, target.digest, target.reason),
                "texts": target.texts,
                "warnings": list(target.warnings),
                "steps": [_step(step) for step in target.steps.values()],
                "log": _log(target.log),
                "lanes": [
                    {
                        "key": lane.key,
                        "status": lane.status,
                        "steps": [step.number for step in lane.steps],
                        "log": _log(lane.log),
                        "check": (lane.check_started, lane.check_ended, lane.verdicts),
                        "image": (lane.digest, lane.content_size, lane.unpacked_size),
                    }
                    for lane in target.lanes.values()
                ],
            }
            for name, target in state.targets.items()
        },
    }


def _step(step: StepState) -> tuple[Any, ...]:
    return (step.number, step.name, step.status, step.intervals, step.error, step.parts, step.how)


def _log(log: LogLines) -> list[Any]:
    return [log[index] for index in range(len(log))]
