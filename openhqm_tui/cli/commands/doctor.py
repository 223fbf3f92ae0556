"""`openhqm-tui doctor`: what is there, what is missing, and with --fix the mending of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

import msgspec

from openhqm_tui.cli.commands.settings import settings_here
from openhqm_tui.domain.errors import EngineProblem, UsageProblem
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.doctor.apply import FixOutcome, Rights, diagnose_and_apply, pending, rights
from openhqm_tui.engine.doctor.base_findings import BOTH
from openhqm_tui.engine.doctor.diagnose import UNVERIFIED, examine
from openhqm_tui.engine.source.base_image import UPSTREAM_BASE
from openhqm_tui.store.paths import emulators_file

FORMATS = ("auto", "tty", "plain", "json")

# A state is told by its word and its sign; the colour only adds to them.
_SIGNS = {
    Health.OK: ("✓", "ok", "green"),
    Health.WARN: ("!", "warn", "yellow"),
    Health.FAIL: ("✗", "fail", "red"),
    Health.UNKNOWN: ("?", "unknown", "cyan"),
}


def run(args: argparse.Namespace) -> int:
    """Examine, and mend if asked; returns 0 if a build can start, else 3 (2: bad usage)."""
    if args.yes and not args.fix:
        raise UsageProblem("--yes goes with --fix: without it nothing is run")
    platforms = parse_platforms(args.platforms) if args.platforms else BOTH
    base = args.base_image or UPSTREAM_BASE
    builder = args.builder or settings_here().builder
    show = _face(args.format)
    fix = bool(args.fix)
    if fix and not args.yes and not sys.stdin.isatty():
        raise UsageProblem(
            "--fix asks before it runs anything, and standard input is no terminal",
            fix="add --yes to agree to all of it beforehand",
        )

    def look() -> list[Finding]:
        return examine(platforms, base, builder, memory=emulators_file())

    findings = look()
    show.findings(findings)
    if not fix:
        show.plan(findings)
        show.end(findings)
        return _exit_code(findings)
    if not pending(findings):
        show.note("Nothing to fix.")
        show.end(findings)
        return _exit_code(findings)
    mended = _mend(findings, look, show, yes=bool(args.yes))
    if mended.ran:
        show.findings(list(mended.findings))
    if mended.stopped:
        show.note(f"Stopped: {mended.stopped}.")
    show.end(list(mended.findings))
    return _exit_code(list(mended.findings))


def _mend(
    findings: list[Finding], look: Callable[[], list[Finding]], show: DoctorOutput, *, yes: bool
) -> FixOutcome:
    if any(step.as_root for _, step in pending(findings)):
        if rights() is Rights.NONE:
            raise EngineProblem(
                "mending needs root, and there is no sudo here",
                fix="run it as root, or run the shown commands yourself",
            )
        if rights() is Rights.SUDO:
            show.note("You are not root: the commands are run through sudo.")
    agreed = yes

    def allow(_finding: Finding, step: Fix) -> bool:
        nonlocal agreed
        show.fix(step)
        if agreed:
            return True
        answer = show.ask("Run this? [y]es, [a]ll that follows too, [N]o: ")
        agreed = answer.startswith("a")
        return answer.startswith(("y", "a"))

    return diagnose_and_apply(look, allow=allow, say=show.output, first=findings)


def _exit_code(findings: list[Finding]) -> int:
    return 3 if any(finding.blocks for finding in findings) else 0


class DoctorOutput:
    """Plain words on standard output: one line per finding, no colour, no cursor movement."""

    def findings(self, findings: list[Finding]) -> None:
        """Show every finding: sign, state, title, detail; why and advice where not well."""
        width = max(len(finding.title) for finding in findings)
        for finding in findings:
            sign, word, colour = _SIGNS[finding.health]
            head = f"{sign} {word:<7} "
            self._line(head, f"{finding.title:<{width}}  {finding.detail}", colour)
            if finding.health in {Health.OK, Health.UNKNOWN}:
                continue
            indent = " " * (len(head) + width + 2)
            if finding.why:
                self._line("", f"{indent}why: {finding.why}")
            if finding.advice:
                self._line("", f"{indent}do:  {finding.advice}")
            for step in finding.fixes:
                self._line("", f"{indent}fix: {step.title}")

    def plan(self, findings: list[Finding]) -> None:
        """Show the commands that --fix would run, in full."""
        steps = pending(findings)
        for _, step in steps:
            self.fix(step)
        if steps:
            self.note("`openhqm-tui doctor --fix` runs this step by step, and asks before each.")

    def fix(self, step: Fix) -> None:
        """Show one fix with its whole script."""
        root = " (as root)" if step.as_root else ""
        self._line("", "")
        self._line("", f"# {step.title}{root}")
        for line in step.script.rstrip("\n").split("\n"):
            self._line("", f"  {line}")

    def output(self, line: str) -> None:
        """Show one line that a fix wrote."""
        self._line("", f"  | {_printable(line)}")

    def note(self, text: str) -> None:
        """Say something to the person."""
        self._line("", "")
        self._line("", text)

    def ask(self, question: str) -> str:
        """Ask; the end of the input counts as no."""
        try:
            return input(question).strip().lower()
        except EOFError:
            return ""

    def end(self, findings: list[Finding]) -> None:
        """Say in one line whether a build can start."""
        blocking = [finding.title for finding in findings if finding.blocks]
        warned = sum(finding.health in {Health.WARN, Health.FAIL} for finding in findings)
        unverified = any(finding.why == UNVERIFIED for finding in findings)
        if blocking:
            self.note(f"No build can start: {', '.join(blocking)}.")
        elif unverified:
            self.note("Builds can start, but no image will count as verified (see Docker Engine).")
        elif warned:
            self.note(f"Builds can start; {warned} thing{'s' * (warned > 1)} to know above.")
        else:
            self.note("All is well.")

    def _line(self, head: str, text: str, colour: str = "") -> None:
        del colour
        _write(sys.stdout, head + text)


class ColorDoctorOutput(DoctorOutput):
    """The same words by Rich: the sign coloured, long lines wrapped by the terminal itself."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)

    def _line(self, head: str, text: str, colour: str = "") -> None:
        from rich.text import Text

        line = Text(head, style=f"bold {colour}".strip())
        # As Text: what tools write may look like Rich's markup.
        line.append(text, style="dim" if not head and text.startswith("  | ") else "none")
        self._console.print(line)


class JsonDoctorOutput(DoctorOutput):
    """One JSON object a line on standard output; people's words on standard error."""

    def findings(self, findings: list[Finding]) -> None:
        """Write every finding as an object of type `finding`."""
        for finding in findings:
            self._object(type="finding", blocks=finding.blocks, **msgspec.to_builtins(finding))

    def plan(self, findings: list[Finding]) -> None:
        """Nothing: the findings carry their fixes."""

    def fix(self, step: Fix) -> None:
        """Write a fix that is about to be run (or asked about)."""
        self._object(type="fix", **msgspec.to_builtins(step))

    def output(self, line: str) -> None:
        """Write one line of a fix's output."""
        self._object(type="output", line=line)

    def note(self, text: str) -> None:
        """Say it on standard error."""
        _write(sys.stderr, text)

    def ask(self, question: str) -> str:
        """Ask on standard error, so that standard output stays JSON."""
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()

    def end(self, findings: list[Finding]) -> None:
        """Write whether a build can start, and what is in its way."""
        blocking = [finding.key for finding in findings if finding.blocks]
        self._object(type="summary", usable=not blocking, blocking=blocking)

    def _object(self, **fields: Any) -> None:
        _write(sys.stdout, msgspec.json.encode(fields).decode())


def _face(name: str) -> DoctorOutput:
    if name == "json":
        return JsonDoctorOutput()
    if name == "tty" or (name == "auto" and _colourful()):
        return ColorDoctorOutput()
    return DoctorOutput()


def _colourful() -> bool:
    if os.environ.get("FORCE_COLOR"):
        return True
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not dumb


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "ascii"
    # A terminal of another encoding: better a `?` than a stop.
    stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def _printable(line: str) -> str:
    # Tools may send escape codes, and package scripts anything.
    return "".join(char if char.isprintable() or char == "\t" else "·" for char in line)
