"""The check `index`: the platforms of the image index."""

from __future__ import annotations

from collections import Counter

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import few
from openhqm_tui.domain.checks.verdict import Answer, Result

_UNKNOWN = "unknown/unknown"


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the platforms of the index, attestations aside, with the requested ones.

    Engines choose the first of several images for one platform, and never show an attestation.
    """
    wanted = sorted(str(platform) for platform in expected.platforms)
    wish = ", ".join(wanted)
    if seen.index is None:
        return Result(Answer.UNKNOWN, seen.why_index or "the engine didn't report the index", wish)
    images = [image for image in seen.index if not image.attestation]
    counts = Counter((image.platform, image.os_version) for image in images)
    twice = sorted({platform for (platform, _), count in counts.items() if count > 1})
    wrong = [f"{platform} more than once" for platform in twice]
    wrong += [
        f"an image for {image.platform or 'an unknown platform'} listed as an attestation"
        for image in seen.index
        if image.attestation
    ]
    got = sorted(image.platform for image in images)
    if not expected.exact_index and _UNKNOWN in got:
        wrong.append("an image for an unknown platform")
    if wrong:
        return Result.of(False, f"{', '.join(got) or 'no images'}: {few(wrong)}", wish)
    right = got == wanted if expected.exact_index else set(wanted) <= set(got)
    return Result.of(right, ", ".join(got) or "no images", wish)


CHECK = Check(
    name="index",
    position=10,
    short="idx",
    question="Does the index have one image per requested platform, and no unexpected ones?",
    hint="Build one image for each requested platform, and no others (--platforms).",
    method=Method.STORE,
    judge=judge,
)
