"""Verdicts: what one check found out about one image."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from openhqm_tui.domain.text import Inert, one_line

# Characters of evidence in a verdict; all of it is in the evidence file.
MOST_EVIDENCE = 300


class Answer(StrEnum):
    """The answer of one check. `unknown` (it couldn't be determined) is never a pass.

    `waived`: it would fail or warn, but somebody accepts what it found.
    """

    PASS = "pass"  # noqa: S105 - an answer, not a word to keep
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    WAIVED = "waived"


# The gravest first: the first that any verdict has is that of the image.
SEVERITIES = (Answer.FAIL, Answer.UNKNOWN, Answer.WARN, Answer.WAIVED, Answer.PASS)
GOOD = frozenset({Answer.PASS, Answer.WAIVED, Answer.WARN})


class Verdict(Inert, frozen=True, kw_only=True):
    """The answer of one check for one image; `evidence` is what was seen, in a few words.

    `how` is how the image ran for it: `native`, `emulated`, or '' if it wasn't run. `waivers` are
    those that its findings match, also expired ones.
    """

    check: str
    answer: Answer
    evidence: str = ""
    expected: str = ""
    how: str = ""
    waivers: tuple[str, ...] | UnsetType = UNSET


class Result(NamedTuple):
    """What a check finds out: the answer, what was seen and what was expected.

    `findings` are the places of what is wrong, each of which can be waived: paths, names.
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
    """Return a verdict whose evidence, untrusted text, is made safe and short."""
    seen = one_line(evidence, MOST_EVIDENCE)
    return Verdict(check=check, answer=answer, evidence=seen, expected=expected)


def worst(verdicts: Iterable[Verdict]) -> Answer:
    """Return the gravest answer among `verdicts`; with none at all, `unknown`."""
    answers = {verdict.answer for verdict in verdicts}
    return next((answer for answer in SEVERITIES if answer in answers), Answer.UNKNOWN)


def is_verified(verdicts: Iterable[Verdict]) -> bool:
    """Tell whether an image is verified: at least one check ran, none failed or is unknown."""
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
