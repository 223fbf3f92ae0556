"""The check `machine`: the architecture that the image's Python runs on."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Result


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Compare the output of `uname -m` inside the image with the platform."""
    if seen.probe is None:
        return None
    machines = expected.platform.machines
    return Result.of(seen.probe.machine in machines, seen.probe.machine, " or ".join(machines))


CHECK = Check(
    name="machine",
    position=210,
    short="mac",
    question="Does Python report the platform's architecture?",
    hint="The image contains the userland of another platform: check the FROM of the final stage.",
    method=Method.CONTAINER,
    judge=judge,
)
