"""Fixes: how they and their findings are described, run and stopped."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Event
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.errors import reason_of
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.formatting import clock_text
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.engine.doctor.apply import Rights
from openhqm_tui.tui.core.labels import health_mark

if TYPE_CHECKING:
    from openhqm_tui.tui.core.backend import Backend

Step = tuple[Finding, Fix]


class FixRunner:
    """Fixes that a thread runs one after the other with `run`, until one fails.

    `said` is a queue of output lines, each with 0 for our own and 1 for a script's. Times are in
    seconds since the epoch.
    """

    def __init__(self, steps: Iterable[Step], now: float) -> None:
        self.steps = tuple(steps)
        self.started = now
        self.done: list[Step] = []
        self.output: deque[tuple[str, int]] = deque()
        self._stop = Event()

    @property
    def stopping(self) -> bool:
        """Return whether a stop was requested."""
        return self._stop.is_set()

    @property
    def current(self) -> Step:
        """The current step, or the last one that ran."""
        return self.steps[min(len(self.done), len(self.steps) - 1)]

    @property
    def worked(self) -> bool:
        """Return whether all steps succeeded."""
        return len(self.done) == len(self.steps)

    def stop(self) -> None:
        """Stop the running script, and start no more."""
        self._stop.set()

    def run(self, backend: Backend) -> None:
        """Run the steps until one fails or a stop is requested; blocks."""
        for number, step in enumerate(self.steps, 1):
            if self.stopping:
                return
            place = f"{number}/{len(self.steps)} " if len(self.steps) > 1 else ""
            self.output.append((f"▸ {place}{one_line(step[1].title)}", 0))
            try:
                worked = backend.apply_fix(step[1], self._output, self._stop)
            except OSError as error:
                self._output(reason_of(error))
                worked = False
            if not worked:
                return
            self.output.append(("  done", 0))
            self.done.append(step)

    def progress(self, now: float) -> str:
        """Return the number of the running fix, the total, and the elapsed time."""
        total = len(self.steps)
        many = f" {min(len(self.done) + 1, total)} of {total}" if total > 1 else ""
        doing = "stopping" if self.stopping else "fixing"
        title = one_line(self.current[1].title)
        return f"{doing}{many} · {clock_text(max(0.0, now - self.started))} · {title}"

    def last_word(self) -> str:
        """Return the result; '' if the last step's output is enough."""
        if self.worked:
            return "" if len(self.steps) == 1 else f"  all {len(self.steps)} fixes done"
        how = "stopped" if self.stopping else "the fix failed"
        if len(self.steps) == 1:
            return f"✗ {how}"
        left = len(self.steps) - len(self.done) - 1
        after = f", {left} not started" if left else ""
        return f"✗ {how} ({len(self.done)} of {len(self.steps)} done{after})"

    def _output(self, line: str) -> None:
        self.output.append((line, 1))


def fixable(finding: Finding) -> bool:
    """Return whether a finding has a fix that can run."""
    return bool(finding.fixes) and finding.health is not Health.OK


def lacks_root(fixes: Iterable[Fix], rights: Rights) -> str:
    """Return why fixes can't become root here, and what to do; '' if they can."""
    if rights in {Rights.ROOT, Rights.SUDO} or not any(fix.as_root for fix in fixes):
        return ""
    if rights is Rights.PASSWORD:
        return (
            "root access is required, and sudo asks for a password; run `sudo -v` before starting "
            "the console, or use `openhqm-tui doctor --fix`"
        )
    return (
        "root access is required, and sudo is not installed; run openhqm-tui as root, or ask an "
        "administrator (y copies the commands)"
    )


def command_line(fix: Fix, rights: Rights) -> str:
    """Return a shell command line for the fix; a failure doesn't exit the shell."""
    sudo = ["sudo"] if fix.as_root and rights is not Rights.ROOT else []
    return shlex.join([*sudo, "sh", "-euc", fix.script.strip()])


def finding_cells(finding: Finding) -> Sequence[Content]:
    """Return a finding as a row of the table."""
    return (
        health_mark(finding.health).content,
        Content.styled(one_line(finding.title), "bold"),
        Content(one_line(finding.detail)),
    )


def findings_sum(findings: Sequence[Finding]) -> Content:
    """Return the number of findings of each state, worst first."""
    parts: list[Content | str] = []
    for health in (Health.FAIL, Health.WARN, Health.UNKNOWN, Health.OK):
        if number := sum(finding.health is health for finding in findings):
            mark = health_mark(health)
            parts.append(Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style))
    return Content(" · ").join(parts)


def describe_finding(finding: Finding, rights: Rights) -> Content:
    """Return the details of a finding: why it matters, what to do, what a fix would run."""
    mark = health_mark(finding.health).content
    lines = [
        Content.assemble(mark, "  ", (plain(finding.title), "bold")),
        Content(plain(finding.detail)),
    ]
    if finding.blocks:
        lines.append(Content.styled("Builds can't start until this is fixed.", "$text-error"))
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
    """Return all commands that are about to run, and what is skipped and why."""
    lines: list[Content] = []
    for number, (_, fix) in enumerate(steps, 1):
        place = f"{number}/{len(steps)} " if len(steps) > 1 else ""
        lines += describe_fix(fix, rights, place)
    if len(steps) > 1:
        lines += [
            Content(""),
            Content.styled("If a fix fails, the remaining ones won't start.", "$foreground-muted"),
        ]
    if left_out:
        names = ", ".join(one_line(finding.title) for finding, _ in left_out)
        reason = lacks_root([fix for _, fix in left_out], rights)
        lines += [Content(""), Content.styled(f"! Skipped ({names}): {reason}", "$text-warning")]
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
