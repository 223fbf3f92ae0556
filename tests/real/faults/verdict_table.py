"""The planted faults and their verdicts as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.real.faults.checking import GOOD, Answers
from tests.real.faults.fault import BOTH, Fault

_HEADS = ("fault", "platform", "its check", "answer", "evidence", "others that did not pass")


def shortcomings(fault: Fault, platform: str, answers: Answers) -> list[str]:
    """Return problems with the verdicts on a fault: not found, found by others, poor evidence."""
    found = []
    meant = answers.of(fault.name, platform).get(fault.check)
    if meant is None:
        return [f"{fault.check} was not run"]
    right = fault.emulated if meant.how == "emulated" else fault.native
    if meant.answer.value not in right:
        wanted = " or ".join(right)
        found.append(f"{fault.check} is {meant.answer.value}, not {wanted}: {meant.evidence}")
    if fault.evidence not in meant.evidence:
        found.append(
            f"the evidence of {fault.check} doesn't contain {fault.evidence!r}: {meant.evidence!r}"
        )
    expected = {fault.check, *fault.also}
    if "service" in expected:
        # It isn't executed unless the service responds.
        expected.add("health-check")
    for check in answers.not_passed(fault.name, platform):
        if check not in expected:
            verdict = answers.of(fault.name, platform)[check]
            found.append(f"{check} is {verdict.answer.value} too: {verdict.evidence!r}")
    return found


def markdown(faults: Sequence[Fault], answers: Answers) -> str:
    """Return the table, with a row for the good image on each platform at the end."""
    rows = [_HEADS, tuple("---" for _ in _HEADS), *_rows(faults, answers)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(faults: Iterable[Fault], answers: Answers) -> Iterator[tuple[str, ...]]:
    for fault in faults:
        for platform in fault.platforms:
            verdict = answers.of(fault.name, platform).get(fault.check)
            others = answers.not_passed(fault.name, platform)
            others.pop(fault.check, None)
            yield (
                f"**{fault.name}** {fault.what}",
                _short(platform),
                fault.check,
                verdict.answer.value if verdict else "not run",
                _cell(verdict.evidence if verdict else ""),
                ", ".join(f"{check} ({answer.value})" for check, answer in others.items()) or "–",
            )
    for platform in BOTH:
        others = answers.not_passed(GOOD, platform)
        count = len(answers.of(GOOD, platform))
        yield (
            "*none: the good image*",
            _short(platform),
            "–",
            f"{count - len(others)} of {count} pass",
            "",
            ", ".join(f"{check} ({answer.value})" for check, answer in others.items()) or "–",
        )


def _short(platform: str) -> str:
    return platform.removeprefix("linux/")


def _cell(text: str) -> str:
    shown = text if len(text) <= 110 else f"{text[:109]}…"
    return f"`{shown.replace('|', '¦').replace('`', 'ˋ')}`" if shown else ""
