"""The check `compilers`: compilers left in the image."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.verdict import Answer, Result


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look for compilers among the executables."""
    if seen.contents is None:
        return no_layers(seen)
    found = remaining(seen.contents, FileKind.COMPILER)
    left = [one for one in found if not exempt(CHECK, one.path, expected)]
    if not left:
        return Result(Answer.PASS, "none", "none")
    told = few([f"{one.what}: {one.path}" for one in left])
    return Result(expected.untidy, told, "none", tuple(one.path for one in left))


CHECK = Check(
    name="compilers",
    position=90,
    short="cmp",
    question="Is the image free of compilers?",
    hint="Compile in a separate stage, and copy the result into an image without compilers: COPY "
    "--from=build.",
    method=Method.LAYERS,
    exempts=True,
    judge=judge,
)
