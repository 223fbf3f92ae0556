"""Verdicts: an inconclusive check never counts as passed."""

from __future__ import annotations

import itertools

import pytest

from openhqm_tui.domain.checks.verdict import Answer, Verdict, is_verified, worst

PASS, FAIL, WARN, UNKNOWN = Answer.PASS, Answer.FAIL, Answer.WARN, Answer.UNKNOWN


def verdicts(*answers: Answer) -> list[Verdict]:
    return [Verdict(check=str(n), answer=answer) for n, answer in enumerate(answers)]


@pytest.mark.parametrize(
    ("answers", "worst_answer"),
    [
        ((), UNKNOWN),
        ((PASS,), PASS),
        ((PASS, WARN), WARN),
        ((PASS, WARN, UNKNOWN), UNKNOWN),
        ((PASS, WARN, UNKNOWN, FAIL), FAIL),
    ],
)
def test_the_worst_answer_counts_in_any_order(
    answers: tuple[Answer, ...], worst_answer: Answer
) -> None:
    for order in itertools.permutations(answers):
        assert worst(verdicts(*order)) is worst_answer


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((), False),
        ((PASS,), True),
        ((PASS, WARN), True),
        ((PASS, UNKNOWN), False),
        ((PASS, FAIL), False),
    ],
)
def test_an_image_is_verified_only_if_checks_ran_and_none_failed_or_is_unknown(
    answers: tuple[Answer, ...], expected: bool
) -> None:
    assert is_verified(verdicts(*answers)) is expected
    assert is_verified(iter(verdicts(*answers))) is expected
