"""Verdicts: the result of one check of one image."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from openhqm_tui.domain.text import Inert, one_line

# Maximum characters of evidence in a verdict; the evidence file has all of it.
MOST_EVIDENCE = 300


class Answer(StrEnum):
    """The answer of one check. `unknown` (it couldn't be determined) is never a pass.

    `waived`: it would fail or warn, but somebody accepts what it found.
    """

    PASS = "pass"  # noqa: S105 - an answer, not a password
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    WAIVED = "waived"


# Worst first: the image's answer is the first of these that any verdict has.
SEVERITIES = (Answer.FAIL, Answer.UNKNOWN, Answer.WARN, Answer.WAIVED, Answer.PASS)
GOOD = frozenset({Answer.PASS, Answer.WAIVED, Answer.WARN})


class Verdict(Inert, frozen=True, kw_only=True):
    """The answer of one check for one image; `evidence` is what was seen, in a few words.

    `how` is how the image ran for it: `native`, `emulated`, or '' if it wasn't run. `waivers` are
    those that match its findings, including expired ones.
    """

    check: str
    answer: Answer
    evidence: str = ""
    expected: str = ""
    how: str = ""
    waivers: tuple[str, ...] | UnsetType = UNSET


class Result(NamedTuple):
    """The result of a check: the answer, what was seen and what was expected.

    `findings` are the places of faults (paths, names), each of which can be waived.
    """

    answer: Answer
    seen: str
    expected: str = ""
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, right: bool, seen: str, expected: str, findings: Iterable[str] = ()) -> Result:
        """Return a pass or a failure."""
        return cls(Answer.PASS if right else Answer.FAIL, seen, expected, tuple(findings))


def answered(check: str, answer: Answer, evidence: str, expected: str = "") -> Verdict:
    """Return a verdict with its evidence, which is untrusted, sanitized and truncated."""
    seen = one_line(evidence, MOST_EVIDENCE)
    return Verdict(check=check, answer=answer, evidence=seen, expected=expected)


def worst(verdicts: Iterable[Verdict]) -> Answer:
    """Return the worst answer among `verdicts`; with none at all, `unknown`."""
    answers = {verdict.answer for verdict in verdicts}
    return next((answer for answer in SEVERITIES if answer in answers), Answer.UNKNOWN)


def is_verified(verdicts: Iterable[Verdict]) -> bool:
    """Return whether an image is verified: at least one check ran, none failed or is unknown."""
    return worst(verdicts) in GOOD


def merged(
    before: tuple[Verdict, ...], verdicts: tuple[Verdict, ...], check: str
) -> tuple[Verdict, ...]:
    """Return the verdicts `before` with that of one check replaced; without a check, the new ones.

    If there were none before, one verdict must not count for all: all the new ones are returned.
    """
    if not check or not before:
        return verdicts
    new = next((verdict for verdict in verdicts if verdict.check == check), None)
    return tuple(new if new and verdict.check == check else verdict for verdict in before)
