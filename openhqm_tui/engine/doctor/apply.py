"""Run fixes one after another and diagnose again after each, until none is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.engine.docker.command import Runner, RunScript, Say, capture, stream

# Each finding takes a few steps to fix; more rounds than this means an endless loop.
_MOST_ROUNDS = 20


class Rights(StrEnum):
    """How this process gets root privileges."""

    ROOT = "root"
    SUDO = "sudo"
    PASSWORD = "password"  # noqa: S105 - that sudo wants one, not the word itself
    NONE = "none"


class FixOutcome(msgspec.Struct, frozen=True):
    """The result of applying fixes: the last diagnosis, what was run, why it stopped early."""

    findings: tuple[Finding, ...]
    ran: tuple[Fix, ...] = ()
    stopped: str = ""

    @property
    def usable(self) -> bool:
        """Whether a build can start now."""
        return not any(finding.blocks for finding in self.findings)


def ways(way: Fix | str) -> tuple[tuple[Fix, ...], str]:
    """Return a fix, or the advice instead of it, as a finding's `fixes` and `advice`."""
    return ((way,), "") if isinstance(way, Fix) else ((), way)


def rights() -> Rights:
    """Return how a fix that needs root can be run here."""
    if os.geteuid() == 0:
        return Rights.ROOT
    return Rights.SUDO if shutil.which("sudo") else Rights.NONE


def rights_unasked(*, run: Runner = capture) -> Rights:
    """Return it for a process that can't ask for a password; blocks for a moment."""
    how = rights()
    if how is Rights.SUDO and not run(["sudo", "-n", "true"], timeout=5)[0].ok:
        return Rights.PASSWORD
    return how


def pending(findings: Iterable[Finding]) -> list[tuple[Finding, Fix]]:
    """Return the fixes of the findings, each once, in order."""
    wanted: dict[str, tuple[Finding, Fix]] = {}
    for finding in findings:
        if finding.health is not Health.OK:
            for fix in finding.fixes:
                wanted.setdefault(fix.script, (finding, fix))
    return list(wanted.values())


def apply_fixes(fixes: Iterable[Fix], *, run: RunScript = stream, say: Say) -> bool:
    """Run `fixes` in order and pass their output to `say`; stop at the first failure.

    Blocks, and asks nothing: the caller shows every script and gets consent first.
    """
    for fix in fixes:
        how = rights() if fix.as_root else Rights.ROOT
        if how is Rights.NONE:
            say(f"this fix needs root, and sudo isn't available: {fix.title}")
            return False
        code = run(fix.script, say, sudo=how is Rights.SUDO)
        if code != 0:
            say(f"failed (exit code {code}): {fix.title}")
            return False
    return True


def diagnose_and_apply(
    examine: Callable[[], list[Finding]],
    *,
    allow: Callable[[Finding, Fix], bool],
    say: Say,
    run: RunScript = stream,
    first: list[Finding] | None = None,
) -> FixOutcome:
    """Diagnose, run the next fix that `allow` accepts, and repeat until there is none.

    Stops at a fix that is needed again although it was run.
    """
    findings = examine() if first is None else first
    done: dict[str, Fix] = {}
    refused: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        left = [pair for pair in pending(findings) if pair[1].script not in refused]
        if not left:
            return FixOutcome(tuple(findings), tuple(done.values()))
        finding, fix = left[0]
        if fix.script in done:
            stopped = f"{finding.title}: the problem persists after the fix ({fix.title})"
            return FixOutcome(tuple(findings), tuple(done.values()), stopped)
        if not allow(finding, fix):
            refused.add(fix.script)
            continue
        done[fix.script] = fix
        if not apply_fixes([fix], run=run, say=say):
            return FixOutcome(tuple(examine()), tuple(done.values()), f"failed: {fix.title}")
        findings = examine()
    return FixOutcome(tuple(findings), tuple(done.values()), "stopped after too many fixes")
