"""The check `architecture`: the platform in the image's config."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Result


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the platform of the config with the one that was built; variants don't count."""
    config, wanted = seen.config, expected.platform
    if config is None:
        return seen.no_config(str(wanted))
    named = "/".join(part for part in (config.os, config.arch, config.variant) if part)
    return Result.of((config.os, config.arch) == (wanted.os, wanted.arch), named, str(wanted))


CHECK = Check(
    name="architecture",
    position=20,
    short="arc",
    question="Does the config name the platform that the image was built for?",
    hint="The config names another platform: don't pin the final stage with FROM --platform, and "
    "use a base image for the right platform.",
    method=Method.STORE,
    judge=judge,
)
