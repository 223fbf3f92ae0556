"""A lane's answers as lines: how many pass, and what isn't a pass in detail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openhqm_tui.domain.check_hints import hint_of
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.verdicts import Answer, Verdict, worst

# A mark and a word each: nothing is told by colour only.
MARKS: dict[Answer, str] = {
    Answer.PASS: "✓",
    Answer.WARN: "!",
    Answer.FAIL: "✗",
    Answer.UNKNOWN: "?",
}
_GRAVITY = (Answer.FAIL, Answer.UNKNOWN, Answer.WARN, Answer.PASS)
_NAMED = 2


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many answers are a pass, and the first that aren't: `19/21 pass, size: warn`."""
    if not verdicts:
        return "none asked"
    others = not_passed(verdicts)
    told = f"{len(verdicts) - len(others)}/{len(verdicts)} pass"
    for verdict in others[:_NAMED]:
        told += f", {verdict.check}: {verdict.answer.value}"
    return told + (f", {len(others) - _NAMED} more" if len(others) > _NAMED else "")


def not_passed(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the answers that are no pass, the gravest first."""
    others = [verdict for verdict in verdicts if verdict.answer is not Answer.PASS]
    return sorted(others, key=lambda verdict: _GRAVITY.index(verdict.answer))


def ways_of(verdicts: Iterable[Verdict], *, emulated: bool | None) -> str:
    """Return how an image ran for its answers: `native`, `emulated`, or what its lane tells."""
    told = dict.fromkeys(verdict.how for verdict in verdicts if verdict.how)
    return " and ".join(told) or {True: "emulated", False: "native", None: ""}[emulated]


def answer_lines(
    verdicts: Sequence[Verdict], emulator: Emulator | None = None, *, verbose: bool = False
) -> list[str]:
    """Return what isn't a pass, with what was expected and what helps; `verbose`: all answers.

    The lines are indented: they stand under the line of their lane.
    """
    lines: list[str] = []
    for verdict in verdicts if verbose else not_passed(verdicts):
        how = f" ({verdict.how})" if verbose and verdict.how else ""
        seen = one_line(verdict.evidence) or "–"
        mark = MARKS[verdict.answer]
        lines.append(f"  {mark} {verdict.check}: {verdict.answer.value}{how}: {seen}")
        if verdict.answer is Answer.PASS:
            continue
        if verdict.expected:
            lines.append(f"      expected {one_line(verdict.expected)}")
        if hint := hint_of(verdict, emulator):
            lines.append(f"      hint     {hint}")
    return lines


def standing(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """Return mark and word of all answers of a lane together."""
    answer = worst(verdicts)
    words = {Answer.FAIL: "failed", Answer.UNKNOWN: "not proved"}
    return MARKS[answer], words.get(answer, "proved")
