"""The check `env`: environment variables of the image's config."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.static.labels import compare, pairs, true_in
from openhqm_tui.domain.checks.verdict import Result

ENV: Key[dict[str, str]] = Key("env", dict[str, str | bool], {}, merges=True, error=true_in)


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the variables with the expected ones; others are allowed too."""
    wanted = ENV.of(expected)
    if seen.config is None:
        return seen.no_config(pairs(wanted))
    return compare(wanted, dict(line.partition("=")[::2] for line in seen.config.env))


CHECK = Check(
    name="env",
    position=40,
    short="env",
    question="Are the expected environment variables set?",
    hint="Set the variables with ENV in the final stage, or in a stage that it is based on (FROM).",
    method=Method.STORE,
    keys=(ENV,),
    applies=ENV.is_set,
    judge=judge,
)
