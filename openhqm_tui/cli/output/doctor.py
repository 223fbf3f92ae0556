"""How `doctor` shows findings and fixes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import msgspec

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.engine.docker.facts import UNVERIFIED
from openhqm_tui.engine.doctor.apply import pending

# Word and symbol are sufficient; color is optional.
_SIGNS = {
    Health.OK: ("✓", "ok", "green"),
    Health.WARN: ("!", "warn", "yellow"),
    Health.FAIL: ("✗", "fail", "red"),
    Health.UNKNOWN: ("?", "unknown", "cyan"),
}


class DoctorOutput:
    """Plain text on standard output: one line per finding, no color, no cursor movement."""

    def findings(self, findings: list[Finding]) -> None:
        """Show every finding: symbol, state, title, detail; the reason and fixes of a problem."""
        width = max(len(finding.title) for finding in findings)
        for finding in findings:
            sign, word, color = _SIGNS[finding.health]
            head = f"{sign} {word:<7} "
            self._line(head, f"{finding.title:<{width}}  {finding.detail}", color)
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
            self.note(
                "`openhqm-tui doctor --fix` runs these fixes one by one, and asks before each."
            )

    def fix(self, step: Fix) -> None:
        """Show one fix with its whole script."""
        root = " (as root)" if step.as_root else ""
        self._line("", "")
        self._line("", f"# {step.title}{root}")
        for line in step.script.rstrip("\n").split("\n"):
            self._line("", f"  {line}")

    def output(self, line: str) -> None:
        """Show one line of a fix's output."""
        self._line("", f"  | {_printable(line)}")

    def note(self, text: str) -> None:
        """Show a message."""
        self._line("", "")
        self._line("", text)

    def ask(self, question: str) -> str:
        """Ask a question and return the answer in lower case; end of input counts as no."""
        try:
            return input(question).strip().lower()
        except EOFError:
            return ""

    def end(self, findings: list[Finding]) -> None:
        """Show in one line whether a build can start."""
        blocking = [finding.title for finding in findings if finding.blocks]
        warned = sum(finding.health in {Health.WARN, Health.FAIL} for finding in findings)
        unverified = any(finding.why == UNVERIFIED for finding in findings)
        if blocking:
            self.note(f"Builds can't start until these problems are fixed: {', '.join(blocking)}.")
        elif unverified:
            self.note("Builds can start, but no image will count as verified (see Docker Engine).")
        elif warned:
            self.note(f"Builds can start; see the problem{'s' * (warned > 1)} above.")
        else:
            self.note("No problems found.")

    def _line(self, head: str, text: str, color: str = "") -> None:
        del color
        _write(sys.stdout, head + text)


class ColorDoctorOutput(DoctorOutput):
    """The same text with a colored symbol; the terminal itself wraps long lines."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)

    def _line(self, head: str, text: str, color: str = "") -> None:
        from rich.text import Text

        line = Text(head, style=f"bold {color}".strip())
        # As Text, because the output of tools may look like Rich's markup.
        line.append(text, style="dim" if not head and text.startswith("  | ") else "none")
        self._console.print(line)


class JsonDoctorOutput(DoctorOutput):
    """One JSON object per line on standard output; messages on standard error."""

    def findings(self, findings: list[Finding]) -> None:
        """Write each finding as an object of type `finding`."""
        for finding in findings:
            self._object(type="finding", blocks=finding.blocks, **msgspec.to_builtins(finding))

    def plan(self, findings: list[Finding]) -> None:
        """Write nothing: the findings include their fixes."""

    def fix(self, step: Fix) -> None:
        """Write a fix that will run, once it is approved."""
        self._object(type="fix", **msgspec.to_builtins(step))

    def output(self, line: str) -> None:
        """Write one line of a fix's output."""
        self._object(type="output", line=line)

    def note(self, text: str) -> None:
        """Show a message on standard error."""
        _write(sys.stderr, text)

    def ask(self, question: str) -> str:
        """Ask on standard error, so that standard output stays JSON."""
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()

    def end(self, findings: list[Finding]) -> None:
        """Write whether a build can start, and what blocks it."""
        blocking = [finding.key for finding in findings if finding.blocks]
        self._object(type="summary", usable=not blocking, blocking=blocking)

    def _object(self, **fields: Any) -> None:
        _write(sys.stdout, msgspec.json.encode(fields).decode())


def nothing_to_run(findings: Iterable[Finding]) -> str:
    """Return the message of `--fix` if there is no fix to run."""
    wrong = any(finding.health in {Health.WARN, Health.FAIL} for finding in findings)
    return "No problem has an automatic fix." if wrong else "Nothing to fix."


def doctor_output(form: str) -> DoctorOutput:
    """Return the output for a `--format`."""
    if form == "json":
        return JsonDoctorOutput()
    if form == "tty" or (form == "auto" and _has_color()):
        return ColorDoctorOutput()
    return DoctorOutput()


def _has_color() -> bool:
    if os.environ.get("FORCE_COLOR"):
        return True
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not dumb


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "ascii"
    # A character that the terminal can't encode becomes a `?`.
    stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def _printable(line: str) -> str:
    # Tools may print escape sequences, and package scripts anything.
    return "".join(char if char.isprintable() or char == "\t" else "·" for char in line)
