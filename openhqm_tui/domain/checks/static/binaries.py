"""The check `binaries`: the machine of every program and library in the image."""

from __future__ import annotations

from collections import Counter

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind, Found
from openhqm_tui.domain.checks.verdict import Result
from openhqm_tui.domain.formatting import count_text


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the machine of every ELF file with that of the platform, also in archives."""
    if seen.contents is None:
        return no_layers(seen)
    wanted = expected.platform.binary
    found = remaining(seen.contents, FileKind.BINARY)
    portable = {_archive(one) for one in found if one.what == wanted and _is_jar(one)}
    others = [one for one in found if one.what != wanted and _archive(one) not in portable]
    wrong = [
        one
        for one in others
        if not any(exempt(CHECK, place, expected) for place in {one.path, one.place})
    ]
    files = count_text(len(found), "ELF file")
    if wrong:
        machines = Counter(one.what for one in wrong)
        verb = "is" if len(wrong) == 1 else "are"
        kinds = next(iter(machines)) if len(machines) == 1 else f"not {wanted} ({_each(machines)})"
        places = few([one.place for one in wrong])
        return Result.of(False, f"{len(wrong)} of {len(found)} {verb} {kinds}: {places}", wanted)
    unread = remaining(seen.contents, FileKind.UNREAD)
    told = f"{files}, all {wanted}" if found else "no ELF file"
    if others:
        allowed = _each(Counter(one.what for one in others))
        told = f"{files}, {wanted} but for {allowed} that are allowed"
    elif any(one.what != wanted for one in found):
        told = f"{files}, {wanted}, and in jars also for others"
    if unread:
        told += f"; archives not read: {few([f'{one.path} ({one.what})' for one in unread])}"
    return Result.of(True, told, wanted)


def _archive(one: Found) -> str:
    """Return the innermost archive that a file is in; '' if it is in none."""
    return one.place.rpartition("!/")[0] if one.inside else ""


def _is_jar(one: Found) -> bool:
    """Whether a file is in a Java archive, which may have the same library for each machine."""
    return _archive(one).endswith((".jar", ".war", ".ear", ".aar"))


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
