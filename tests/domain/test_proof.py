"""Verdicts out of evidence: a table of images that are right, wrong, or would not say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.image_config import SeenImage, judge_index
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.plan.variants import Client
from openhqm_tui.domain.platforms import parse_platform

AMD, ARM = parse_platform("amd64"), parse_platform("arm64")
REDIS, KAFKA = Client("redis", "redis"), Client("aiokafka", "aiokafka")
WANTED = Expectation(
    platform=ARM,
    platforms=(AMD, ARM),
    clients=(REDIS,),
    absent=(KAFKA,),
    python="3.13",
    uid=1000,
)
P, F, U = Answer.PASS, Answer.FAIL, Answer.UNKNOWN


def but(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, **changes)


def answers(verdicts: list[Verdict]) -> dict[str, Answer]:
    return {verdict.check: verdict.answer for verdict in verdicts}


def images(*platforms: str) -> list[SeenImage]:
    return [SeenImage(platform=platform) for platform in platforms]


@pytest.mark.parametrize(
    ("seen", "exact", "answer"),
    [
        (images("linux/amd64", "linux/arm64"), True, P),
        (images("linux/arm64", "linux/amd64"), True, P),
        (images("linux/amd64"), True, F),
        (images("linux/amd64", "linux/arm64", "linux/386"), True, F),
        (images("linux/amd64", "linux/amd64"), True, F),
        (images("linux/amd64", "linux/arm64", "linux/386"), False, P),
        (images("linux/386"), False, F),
        ([], True, F),
        (None, True, U),
    ],
)
def test_the_index_holds_the_asked_platforms(
    seen: list[SeenImage] | None, exact: bool, answer: Answer
) -> None:
    verdict = judge_index(but(WANTED, exact_index=exact), seen, "the store is away")
    assert verdict.answer is answer
    assert verdict.expected == "linux/amd64, linux/arm64"
    assert seen is not None or verdict.evidence == "the store is away"
