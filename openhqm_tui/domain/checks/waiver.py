"""Waivers: findings that somebody accepts until a day, and waivers that have no effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Answer, Result, Verdict, answered
from openhqm_tui.domain.text import one_line

_MOST_REASON = 200
# The answers that can be waived. In `unknown` there is nothing yet to accept.
_WAIVABLE = {Answer.FAIL, Answer.WARN}


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted finding: `until` is the last day on which the waiver is valid.

    `finding` is a glob for what a check names (a path, a distribution, else its evidence); ''
    matches everything that the check finds.
    """

    check: str
    reason: Annotated[str, msgspec.Meta(pattern=r"\S", max_length=_MOST_REASON)]
    until: date
    finding: Annotated[str, msgspec.Meta(max_length=4096)] = ""

    def __str__(self) -> str:
        finding = f" of {one_line(self.finding)}" if self.finding else ""
        return f"{self.check}{finding} until {self.until} ({one_line(self.reason)})"


WAIVE: Key[tuple[Waiver, ...]] = Key("waive", tuple[Waiver, ...], (), merges=True)


def verdict_of(name: str, result: Result, expected: Expectation, today: date) -> Verdict:
    """Return the verdict of a check with its waivers applied."""
    verdict = answered(name, result.answer, result.seen, result.expected)
    own = [waiver for waiver in WAIVE.of(expected) if waiver.check == name]
    if not own or result.answer not in _WAIVABLE:
        return verdict
    findings = result.findings or (result.seen,)
    used: dict[Waiver, None] = {}
    waived = 0
    for finding in findings:
        matching = [w for w in own if not w.finding or fnmatchcase(finding, w.finding)]
        used |= dict.fromkeys(matching)
        waived += any(waiver.until >= today for waiver in matching)
    if not used:
        return verdict
    valid = "; ".join(_short(waiver) for waiver in used if waiver.until >= today)
    if waived == len(findings):
        evidence = f"{valid}: {verdict.evidence}"
        answer = Answer.WAIVED
    else:
        parts = [f"{waived} of {len(findings)} waived {valid}"] if waived else []
        parts += [
            f"the waiver expired on {waiver.until} ({one_line(waiver.reason)})"
            for waiver in used
            if waiver.until < today
        ]
        evidence = f"{'; '.join(parts)}: {verdict.evidence}"
        answer = verdict.answer
    return msgspec.structs.replace(
        verdict, answer=answer, evidence=evidence, waivers=tuple(map(str, used))
    )


def _short(waiver: Waiver) -> str:
    return f"until {waiver.until} ({one_line(waiver.reason)})"


def idle_waivers(lanes: Iterable[tuple[Expectation | None, Sequence[Verdict]]]) -> list[str]:
    """Return a warning for every waiver that matches nothing in any of some images.

    An image without verdicts, or whose check couldn't be determined, may still need its waivers.
    """
    idle: dict[Waiver, bool] = {}
    for expected, verdicts in lanes:
        by_check = {verdict.check: verdict for verdict in verdicts}
        for waiver in WAIVE.of(expected) if expected is not None else ():
            verdict = by_check.get(waiver.check)
            needed = not verdicts or (
                verdict is not None
                and (verdict.answer is Answer.UNKNOWN or str(waiver) in (verdict.waivers or ()))
            )
            idle[waiver] = idle.get(waiver, True) and not needed
    return [
        f"the waiver for {waiver} matches nothing in these images: remove it if no others need it"
        for waiver, idles in idle.items()
        if idles
    ]
