"""Texts about findings, and about fixes before they run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.engine.doctor.apply import Rights
from openhqm_tui.tui.core.labels import health_mark
from openhqm_tui.tui.doctor.fix_runner import Step, fixable, lacks_root


def finding_cells(finding: Finding) -> Sequence[Content]:
    """Return a finding as a row of the table."""
    return (
        health_mark(finding.health).content,
        Content.styled(one_line(finding.title), "bold"),
        Content(one_line(finding.detail)),
    )


def findings_sum(findings: Sequence[Finding]) -> Content:
    """Return how many findings there are of each state, the worst first."""
    parts: list[Content | str] = []
    for health in (Health.FAIL, Health.WARN, Health.UNKNOWN, Health.OK):
        if number := sum(finding.health is health for finding in findings):
            mark = health_mark(health)
            parts.append(Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style))
    return Content(" · ").join(parts)


def describe_finding(finding: Finding, rights: Rights) -> Content:
    """Return all that is known of a finding: why it matters, what to do, what a fix would run."""
    mark = health_mark(finding.health).content
    lines = [
        Content.assemble(mark, "  ", (plain(finding.title), "bold")),
        Content(plain(finding.detail)),
    ]
    if finding.blocks:
        lines.append(Content.styled("No build can start without it.", "$text-error"))
    if finding.why:
        lines += _headed("why it matters", [Content(plain(finding.why))])
    if finding.health is Health.OK:
        return Content("\n").join(lines)
    if finding.advice:
        lines += _headed("what to do", [Content(plain(finding.advice))])
    if fixable(finding):
        if reason := lacks_root(finding.fixes, rights):
            lines += [Content(""), Content.styled(f"! {reason}", "$text-warning")]
            lines += _headed("y copies this", [])
        else:
            lines += _headed("f runs this after confirmation · y copies it", [])
        for fix in finding.fixes:
            lines += describe_fix(fix, rights)
    return Content("\n").join(lines)


def describe_steps(steps: Sequence[Step], rights: Rights, left_out: Sequence[Step]) -> Content:
    """Return every command that is about to be run, in order, and what is left out and why."""
    lines: list[Content] = []
    for number, (_, fix) in enumerate(steps, 1):
        place = f"{number}/{len(steps)} " if len(steps) > 1 else ""
        lines += describe_fix(fix, rights, place)
    if len(steps) > 1:
        lines += [
            Content(""),
            Content.styled("They stop at the first failure.", "$foreground-muted"),
        ]
    if left_out:
        names = ", ".join(one_line(finding.title) for finding, _ in left_out)
        reason = lacks_root([fix for _, fix in left_out], rights)
        lines += [Content(""), Content.styled(f"! Skipped: {names}: {reason}", "$text-warning")]
    return Content("\n").join(lines)


def describe_fix(fix: Fix, rights: Rights, place: str = "") -> list[Content]:
    """Return a fix's title and the commands that it runs."""
    root = ""
    if fix.as_root:
        root = " (as root, through sudo)" if rights is Rights.SUDO else " (as root)"
    title = Content.assemble(place, (plain(fix.title), "bold"), (root, "$text-warning"))
    script = plain(fix.script).strip().splitlines()
    return [title, *(Content.styled(f"  {line}", "$primary") for line in script)]


def worth_looking_at(findings: Sequence[Finding], row: int) -> int:
    """Return the row to select: the current one if it is a problem, else the first problem."""
    if row < len(findings) and findings[row].health is not Health.OK:
        return row
    order = {Health.FAIL: 0, Health.UNKNOWN: 1, Health.WARN: 2, Health.OK: 3}
    worst = min(findings, key=lambda finding: order[finding.health])
    return row if worst.health is Health.OK else findings.index(worst)


def _headed(title: str, lines: list[Content]) -> list[Content]:
    return [Content(""), Content.styled(title, "$foreground-muted"), *lines]
