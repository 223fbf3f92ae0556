"""The check `python`: the version and build of the image's Python."""

from __future__ import annotations

from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key, Tables
from openhqm_tui.domain.checks.verdict import Result

_ANY = "any"


def _no_version(value: str, _: Tables) -> str:
    return "" if value == _ANY else value


PYTHON: Key[str] = Key(
    "python",
    Annotated[str, msgspec.Meta(pattern=r"^(any|\{python\}|3\.\d{1,2}(\.\d{1,3})?)$")],
    "",
    resolve=_no_version,
    needs_python=True,
)


# The Python to run in the container instead of the one that the image's command starts.
INTERPRETER: Key[str] = Key(
    "interpreter",
    Annotated[str, msgspec.Meta(pattern=r"^[!-~]+$", max_length=1024)],
    "",
    needs_python=True,
)


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Compare version, implementation and the platform that Python was compiled for."""
    probe = seen.probe
    if probe is None:
        return None
    wanted, platforms = PYTHON.of(expected), expected.platform.python_platforms
    told = f"{probe.implementation} {probe.python} {probe.python_platform}"
    wish = f"CPython {wanted} {platforms[0]}".replace("  ", " ")
    if not suffix_fits(expected, probe.ext_suffix):
        told = f"{told}, module suffix {probe.ext_suffix}"
        return Result.of(False, told, f"{wish}, with matching modules")
    right = (
        (not wanted or probe.python == wanted or probe.python.startswith(f"{wanted}."))
        and probe.implementation == "CPython"
        and probe.python_platform in platforms
    )
    return Result.of(right, told, wish)


def suffix_fits(expected: Expectation, suffix: str) -> bool:
    """Whether a suffix of compiled modules fits the platform; any without an architecture does."""
    return "-linux-" not in suffix or any(
        f"-{name}-linux-" in suffix for name in expected.platform.suffix_machines
    )


CHECK = Check(
    name="python",
    position=220,
    short="py",
    question="Is Python the expected version, built for the image's architecture?",
    hint="The image runs an unexpected Python: check PATH, and the FROM of the final stage.",
    method=Method.CONTAINER,
    keys=(PYTHON, INTERPRETER),
    judge=judge,
)
