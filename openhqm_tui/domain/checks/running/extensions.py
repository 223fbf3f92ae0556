"""The check `extensions`: compiled modules of the application."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key, Module
from openhqm_tui.domain.checks.running.library import compare
from openhqm_tui.domain.checks.running.python import suffix_fits
from openhqm_tui.domain.checks.verdict import Answer, Result

EXTENSIONS: Key[tuple[str, ...]] = Key("extensions", tuple[Module, ...], (), needs_python=True)


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for a module that can't be imported or is compiled for another architecture."""
    found = None if seen.probe is None else seen.probe.extensions
    if found is None:
        return None
    result = compare(EXTENSIONS.of(expected), found)
    # The probe reports the suffix of the shared object as its version.
    if all(suffix_fits(expected, module.version) for module in found if module.found):
        return result
    return result._replace(answer=Answer.FAIL)


CHECK = Check(
    name="extensions",
    position=240,
    short="ext",
    question="Can the application's compiled modules be imported?",
    hint="A module is missing, or was compiled for another architecture or Python version: install "
    "it in a stage with the image's Python version, for the target platform (uv: "
    "--python-platform).",
    method=Method.CONTAINER,
    keys=(EXTENSIONS,),
    applies=EXTENSIONS.is_set,
    probe=ProbeArgument(3, "modules", lambda expected, _: ",".join(EXTENSIONS.of(expected))),
    judge=judge,
)
