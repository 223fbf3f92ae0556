"""`openhqm-tui doctor [--fix]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from openhqm_tui.cli.manual import Section, epilog
from openhqm_tui.cli.parser import Parser
from openhqm_tui.domain.errors import EngineProblem, UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.cli.output.doctor import DoctorOutput
    from openhqm_tui.domain.findings import Finding, Fix
    from openhqm_tui.engine.doctor.apply import FixOutcome

HELP = "diagnose this machine and fix problems"

_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui doctor                         diagnose only, change nothing
  openhqm-tui doctor --fix                   show each fix, run it if confirmed
  openhqm-tui doctor --platforms arm64,s390x""",
)
_EXIT_CODES: Section = (
    "exit codes",
    """\
  0    builds can start
  2    invalid usage or configuration; nothing was checked
  3    builds can't start, or fixes can't be run
  130  cancelled""",
)


def add_arguments(parser: Parser) -> None:
    """Add what to check, whether to fix it, and the output formats."""
    parser.description = (
        "Check the engine, Buildx, image store, emulators, base image and disk; explain why each "
        "problem matters and how to fix it."
    )
    parser.epilog = epilog(_EXAMPLES, _EXIT_CODES)
    parser.add_argument(
        "--fix", action="store_true", help="show each fix, and run it after confirmation"
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --fix: run all fixes without asking"
    )
    parser.add_argument(
        "--platforms",
        action="append",
        metavar="P,…",
        help="platforms to check (default: linux/amd64,linux/arm64)",
    )
    parser.add_argument(
        "--builder", metavar="B", help="a Buildx builder (default: the selected one)"
    )
    parser.add_argument(
        "--base-image",
        metavar="REF",
        help="the base image to check (default: python:3.13-slim, or none if the folder's own "
        "Dockerfile or bake file decides)",
    )
    parser.add_argument(
        "--format",
        choices=("auto", "tty", "plain", "json"),
        default="auto",
        help="auto: tty in a terminal, otherwise plain; json: one JSON object per line",
    )


def run(parsed: argparse.Namespace) -> int:
    """Diagnose, and fix if requested; return 0 if a build can start, else 3."""
    from pathlib import Path

    from openhqm_tui.cli.output.doctor import doctor_output, nothing_to_run
    from openhqm_tui.cli.surroundings import settings_here
    from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, parse_platforms
    from openhqm_tui.engine.doctor.apply import pending
    from openhqm_tui.engine.doctor.diagnose import examine
    from openhqm_tui.engine.source.base_image import UPSTREAM_BASE
    from openhqm_tui.engine.source.find import has_own_base
    from openhqm_tui.store.paths import emulators_file

    if parsed.yes and not parsed.fix:
        raise UsageProblem("--yes has no effect without --fix", fix="add --fix")
    platforms = parse_platforms(parsed.platforms) if parsed.platforms else DEFAULT_PLATFORMS
    base = parsed.base_image or ("" if has_own_base(Path.cwd()) else UPSTREAM_BASE)
    builder = parsed.builder or settings_here().builder
    output = doctor_output(parsed.format)
    if parsed.fix and not parsed.yes and not sys.stdin.isatty():
        raise UsageProblem(
            "--fix asks before it runs anything, but standard input is not a terminal",
            fix="add --yes to run all fixes without asking",
        )

    def diagnose() -> list[Finding]:
        return examine(platforms, base, builder, memory=emulators_file())

    findings = diagnose()
    output.findings(findings)
    if not parsed.fix:
        output.plan(findings)
    elif not pending(findings):
        output.note(nothing_to_run(findings))
    else:
        fixed = _fix(findings, diagnose, output, yes=parsed.yes)
        findings = list(fixed.findings)
        if fixed.ran:
            output.findings(findings)
        if fixed.stopped:
            output.note(f"Stopped: {fixed.stopped}.")
    output.end(findings)
    return 3 if any(finding.blocks for finding in findings) else 0


def _fix(
    findings: list[Finding],
    diagnose: Callable[[], list[Finding]],
    output: DoctorOutput,
    *,
    yes: bool,
) -> FixOutcome:
    from openhqm_tui.engine.doctor.apply import Rights, diagnose_and_apply, pending, rights

    if any(step.as_root for _, step in pending(findings)):
        if rights() is Rights.NONE:
            raise EngineProblem(
                "some fixes need root, and sudo isn't available",
                fix="run this command as root",
            )
        if rights() is Rights.SUDO:
            output.note("You are not root: fixes that need root are run with sudo.")
    approved = yes

    def allow(_finding: Finding, step: Fix) -> bool:
        nonlocal approved
        output.fix(step)
        if approved:
            return True
        answer = output.ask("Run this? [y]es, [a]ll remaining, [N]o: ")
        approved = answer.startswith("a")
        return answer.startswith(("y", "a"))

    return diagnose_and_apply(diagnose, allow=allow, say=output.output, first=findings)
