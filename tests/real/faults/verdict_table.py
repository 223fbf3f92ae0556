"""The planted faults and what came of them, as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.real.faults.asking import GOOD, Answers
from tests.real.faults.fault import BOTH, Fault

_HEADS = ("fault", "platform", "meant for it", "answer", "evidence", "others that did not pass")


def shortcomings(fault: Fault, platform: str, answers: Answers) -> list[str]:
    """Return what is wrong with the answers to a fault: not caught, by another, told badly."""
    found = []
    meant = answers.of(fault.name, platform).get(fault.check)
    if meant is None:
        return [f"{fault.check} was not asked"]
    right = fault.emulated if meant.how == "emulated" else fault.native
    if meant.answer.value not in right:
        wish = " or ".join(right)
        found.append(f"{fault.check} is {meant.answer.value}, not {wish}: {meant.evidence}")
    if fault.evidence not in meant.evidence:
        found.append(f"{fault.check} tells nothing of {fault.evidence!r}: {meant.evidence!r}")
    expected = {fault.check, *fault.also}
    if "service" in expected:
        # It isn't executed unless the service responds.
        expected.add("health-check")
    for check in answers.not_passed(fault.name, platform):
        if check not in expected:
            told = answers.of(fault.name, platform)[check]
            found.append(f"{check} is {told.answer.value} too: {told.evidence!r}")
    return found


def markdown(faults: Sequence[Fault], answers: Answers) -> str:
    """Return the table, with a line for the good image on each platform at its end."""
    rows = [_HEADS, tuple("---" for _ in _HEADS), *_rows(faults, answers)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(faults: Iterable[Fault], answers: Answers) -> Iterator[tuple[str, ...]]:
    for fault in faults:
        for platform in fault.platforms:
            told = answers.of(fault.name, platform).get(fault.check)
            others = answers.not_passed(fault.name, platform)
            others.pop(fault.check, None)
            yield (
                f"**{fault.name}** {fault.what}",
                _short(platform),
                fault.check,
                told.answer.value if told else "not asked",
                _cell(told.evidence if told else ""),
                ", ".join(f"{check} ({answer.value})" for check, answer in others.items()) or "–",
            )
    for platform in BOTH:
        others = answers.not_passed(GOOD, platform)
        asked = len(answers.of(GOOD, platform))
        yield (
            "*none: the good image*",
            _short(platform),
            "–",
            f"{asked - len(others)} of {asked} pass",
            "",
            ", ".join(f"{check} ({answer.value})" for check, answer in others.items()) or "–",
        )


def _short(platform: str) -> str:
    return platform.removeprefix("linux/")


def _cell(text: str) -> str:
    shown = text if len(text) <= 110 else f"{text[:109]}…"
    return f"`{shown.replace('|', '¦').replace('`', 'ˋ')}`" if shown else ""
