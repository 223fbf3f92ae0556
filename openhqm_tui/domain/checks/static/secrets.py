"""The check `secrets`: secrets in variables, instructions and files, also in deleted ones."""

from __future__ import annotations

from collections.abc import Iterator

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence, SeenConfig
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.verdict import Answer, Result

# Keys that come with documentation, tests and self-tests are public.
_USUAL = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/lib/*/libgnutls.*",
    "/usr/lib*/libgnutls.*",
    "*/site-packages/*/test/*",
    "*/site-packages/*/tests/*",
    "*/site-packages/*/testing/*",
    "*/dist-packages/*/test/*",
    "*/dist-packages/*/tests/*",
    "/usr/lib/*/tests/*",
    "*/lib/python[23]*/test/*",
    "*/node_modules/*/test/*",
    "*/node_modules/*/tests/*",
)


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look everywhere that is known; a secret fails whatever else couldn't be read.

    A variable is exempted as `env:NAME`, an instruction as `history:NUMBER`, the first being 1.
    """
    config, contents = seen.config, seen.contents
    found = [] if config is None else list(_in_config(config, expected))
    for one in () if contents is None else contents.of(FileKind.SECRET):
        if not exempt(CHECK, one.found.path, expected):
            later = ", deleted later" if one.deleted else ""
            found.append(f"{one.found.what} in {one.found.path} (layer {one.layer}{later})")
    if found:
        return Result.of(False, few(found), "none")
    if config is None or config.history is None or contents is None:
        return Result(Answer.UNKNOWN, seen.why or "not everything could be examined", "none")
    examined = f"{contents.layers} layers, {len(config.history)} instructions"
    return Result.of(True, f"none in {examined}", "none")


def _in_config(config: SeenConfig, expected: Expectation) -> Iterator[str]:
    # Every start imports the checks; only the runner needs the patterns, which are slow to compile.
    from openhqm_tui.domain.secrets.detect import secrets_in_instruction, secrets_in_variables

    for what, name in secrets_in_variables(config.env):
        if not exempt(CHECK, f"env:{name}", expected):
            yield f"{what} in variable {name}"
    for number, line in enumerate(reversed(config.history or ()), 1):
        for what in sorted(secrets_in_instruction(line)):
            if not exempt(CHECK, f"history:{number}", expected):
                yield f"{what} in instruction {number}"


CHECK = Check(
    name="secrets",
    position=110,
    short="sec",
    question="Are variables, history and files, even deleted ones, free of secrets?",
    hint="A layer keeps what a later one deletes, so the secret is exposed: replace it, and pass "
    "the new one with RUN --mount=type=secret.",
    method=Method.LAYERS,
    exempts=True,
    usual=_USUAL,
    judge=judge,
)
