"""The check `size`: the compressed size of the image."""

from __future__ import annotations

from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.formatting import size_text

MAX_MB: Key[float] = Key("max-mb", Annotated[float, msgspec.Meta(gt=0, le=1e6)], 0.0)


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the size of all layers as a registry stores them with the budget."""
    budget = round(MAX_MB.of(expected) * 1e6)
    wanted = f"at most {size_text(budget)}"
    platform = str(expected.platform)
    images = [image for image in seen.index or () if not image.attestation]
    sizes = [image.content_size for image in images if image.platform == platform]
    if not sizes or not sizes[0]:
        why = seen.why_index or "the engine didn't report the compressed size"
        return Result(Answer.UNKNOWN, why, wanted)
    answer = Answer.PASS if sizes[0] <= budget else expected.untidy
    return Result(answer, f"{size_text(sizes[0])} compressed", wanted)


CHECK = Check(
    name="size",
    position=120,
    short="siz",
    question="Is the compressed size within the budget?",
    hint="Find the layer that grew (docker history) and leave out what isn't needed at run time; "
    "or raise max-mb in openhqm-checks.toml.",
    method=Method.STORE,
    keys=(MAX_MB,),
    applies=MAX_MB.is_set,
    judge=judge,
)
