"""Checks and their verdicts: one question put to one lane's image, and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from openhqm_tui.domain.text import Inert, one_line

# Characters of evidence in a verdict; all of it is in the evidence file.
_MOST_EVIDENCE = 300


class Answer(StrEnum):
    """The answer to one question. `unknown` (it could not be asked) is never a pass."""

    PASS = "pass"  # noqa: S105 - an answer, not a word to keep
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"


class Verdict(Inert, frozen=True, kw_only=True):
    """One check's answer for one lane; `evidence` is what was seen, in few words.

    `how` tells how the image ran for it: `native`, `emulated`, or '' where it didn't run.
    """

    check: str
    answer: Answer
    evidence: str = ""
    expected: str = ""
    how: str = ""


def answered(check: str, answer: Answer, evidence: str, expected: str = "") -> Verdict:
    """Return a verdict whose evidence, a stranger's text, is made safe and short."""
    seen = one_line(evidence, _MOST_EVIDENCE)
    return Verdict(check=check, answer=answer, evidence=seen, expected=expected)


def unanswered(check: str, reason: str, expected: str = "") -> Verdict:
    """Return the verdict on what could not be asked: `unknown`, and why."""
    return answered(check, Answer.UNKNOWN, reason, expected)


# In the order of gravity: the first that any verdict has is the lane's.
_GRAVITY = (Answer.FAIL, Answer.UNKNOWN, Answer.WARN, Answer.PASS)


def worst(verdicts: Iterable[Verdict]) -> Answer:
    """Return the gravest answer among `verdicts`; with none at all, `unknown`."""
    answers = {verdict.answer for verdict in verdicts}
    return next((answer for answer in _GRAVITY if answer in answers), Answer.UNKNOWN)


def is_verified(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether an image is verified: at least one check ran, none failed or is unknown."""
    return worst(verdicts) in {Answer.PASS, Answer.WARN}


def merged(
    before: tuple[Verdict, ...], verdicts: tuple[Verdict, ...], check: str
) -> tuple[Verdict, ...]:
    """Return the answers `before` with that of one check renewed; with no check, the new ones.

    Where nothing was asked before, one answer alone must not stand for all: all new ones count.
    """
    if not check or not before:
        return verdicts
    new = next((verdict for verdict in verdicts if verdict.check == check), None)
    return tuple(new if new and verdict.check == check else verdict for verdict in before)
