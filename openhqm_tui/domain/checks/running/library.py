"""The check `library`: modules of Python's standard library."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence, SeenModule
from openhqm_tui.domain.checks.expectation import Expectation, Key, Module
from openhqm_tui.domain.checks.verdict import Result

LIBRARY: Key[tuple[str, ...]] = Key("library", tuple[Module, ...], (), needs_python=True)


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for a module that can't be imported or doesn't work."""
    if seen.probe is None or seen.probe.library is None:
        return None
    return compare(LIBRARY.of(expected), seen.probe.library)


def compare(wanted: Iterable[str], found: Iterable[SeenModule]) -> Result:
    """Look for an expected module that is missing or has an error."""
    by_name = {module.distribution: module for module in found}
    told, right = [], True
    for name in wanted:
        module = by_name.get(name, SeenModule(name))
        good = module.found and not module.error
        right = right and good
        words = f"{name} {module.version}".strip()
        told.append(words if good else f"{name}: {module.error or 'missing'}")
    return Result.of(right, ", ".join(told) or "none", ", ".join(wanted) or "none")


CHECK = Check(
    name="library",
    position=230,
    short="lib",
    question="Do the expected modules of the standard library work?",
    hint="The image lacks a module, or a library that a module needs: install it, or use another "
    "base image.",
    method=Method.CONTAINER,
    keys=(LIBRARY,),
    applies=LIBRARY.is_set,
    probe=ProbeArgument(2, "library", lambda expected, _: ",".join(LIBRARY.of(expected))),
    judge=judge,
)
