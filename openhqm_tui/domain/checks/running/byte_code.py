"""The check `byte-code`: bytecode of every module."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Answer, Result

BYTE_CODE: Key[bool] = Key("byte-code", bool, default=False, needs_python=True)
_WANTED = "current bytecode for every module examined"


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for modules without current bytecode."""
    code = None if seen.probe is None else seen.probe.byte_code
    if code is None:
        return None
    if not code.missing:
        return Result(
            Answer.PASS, f"current bytecode for all {code.asked} modules examined", _WANTED
        )
    names = ", ".join(code.names) + (", …" if code.missing > len(code.names) else "")
    told = (
        f"bytecode missing or outdated for {code.missing} of {code.asked} modules examined: {names}"
    )
    return Result(expected.untidy, told, _WANTED)


CHECK = Check(
    name="byte-code",
    position=250,
    short="pyc",
    question="Do the modules that Python loads have current bytecode, so that none are compiled at "
    "startup?",
    hint="Compile bytecode in the build (python -m compileall, uv --compile-bytecode): in a "
    "read-only container, Python would compile these modules again at every start.",
    method=Method.CONTAINER,
    keys=(BYTE_CODE,),
    applies=BYTE_CODE.is_set,
    probe=ProbeArgument(4, "byte_code", lambda expected, _: "yes" * BYTE_CODE.of(expected)),
    judge=judge,
)
