"""The check `binaries`: the machine of every program and library in the image."""

from __future__ import annotations

from collections import Counter

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.verdict import Result
from openhqm_tui.domain.formatting import count_text


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the machine of every ELF file with that of the platform."""
    if seen.contents is None:
        return no_layers(seen)
    wanted = expected.platform.binary
    found = remaining(seen.contents, FileKind.BINARY)
    others = [one for one in found if one.what != wanted]
    wrong = [one for one in others if not exempt(CHECK, one.path, expected)]
    files = count_text(len(found), "ELF file")
    if wrong:
        machines = Counter(one.what for one in wrong)
        verb = "is" if len(wrong) == 1 else "are"
        kinds = next(iter(machines)) if len(machines) == 1 else f"not {wanted} ({_each(machines)})"
        places = few([one.path for one in wrong])
        return Result.of(False, f"{len(wrong)} of {len(found)} {verb} {kinds}: {places}", wanted)
    if others:
        allowed = _each(Counter(one.what for one in others))
        return Result.of(True, f"{files}, {wanted} but for {allowed} that are allowed", wanted)
    return Result.of(True, f"{files}, all {wanted}" if found else "no ELF file", wanted)


def _each(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


CHECK = Check(
    name="binaries",
    position=70,
    short="bin",
    question="Is every program and library built for the platform's machine?",
    hint="A file of another machine, such as a wheel for the build platform: install with "
    "--python-platform and --only-binary :all:, and don't pin the final stage to $BUILDPLATFORM.",
    method=Method.LAYERS,
    exempts=True,
    judge=judge,
)
