"""The check `health-check`: whether the image's config has a health check."""

from __future__ import annotations

import shlex

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Result

HEALTH_CHECK: Key[bool] = Key("health-check", bool, default=False)
_DISABLED = "NONE"
_WANTED = "a health check"


def judge(_: Expectation, seen: Evidence) -> Result:
    """Look for a health check with a command that isn't disabled."""
    if seen.config is None:
        return seen.no_config(_WANTED)
    kind, *words = seen.config.health_check or ("",)
    if kind == _DISABLED:
        return Result.of(False, "switched off", _WANTED)
    if not kind or not any(words):
        return Result.of(False, "none", _WANTED)
    return Result.of(True, seen.config.masked(shlex.join(words)), _WANTED)


CHECK = Check(
    name="health-check",
    position=50,
    short="hea",
    question="Does the image have a health check?",
    hint="Add a HEALTHCHECK to the final stage, and make sure that no base has HEALTHCHECK NONE.",
    method=Method.STORE,
    keys=(HEALTH_CHECK,),
    applies=HEALTH_CHECK.is_set,
    judge=judge,
)
