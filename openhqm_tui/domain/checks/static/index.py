"""The check `index`: the platforms of the image index."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Answer, Result


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the platforms of the index, attestations aside, with the requested ones."""
    wanted = sorted(str(platform) for platform in expected.platforms)
    if seen.index is None:
        return Result(
            Answer.UNKNOWN, seen.why_index or "the engine didn't report it", ", ".join(wanted)
        )
    got = sorted(image.platform for image in seen.index)
    right = got == wanted if expected.exact_index else set(wanted) <= set(got)
    return Result.of(right, ", ".join(got) or "no image", ", ".join(wanted))


CHECK = Check(
    name="index",
    position=10,
    short="idx",
    question="Does the index have exactly the requested platforms?",
    hint="Build exactly the platforms that are expected (--platforms), each of them.",
    method=Method.STORE,
    judge=judge,
)
