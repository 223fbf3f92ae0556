"""Expectations by their keys, and the verdicts of static checks."""

from __future__ import annotations

from typing import Any

import msgspec

from openhqm_tui.domain.checks.catalog import judge
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.platforms import Platform


def expect(*platforms: Platform, **keys: Any) -> Expectation:
    """Return the expectation for the last platform; `max_mb` is the key `max-mb`."""
    return with_keys(Expectation(platform=platforms[-1], platforms=platforms), **keys)


def with_keys(expected: Expectation, **keys: Any) -> Expectation:
    """Return an expectation with these keys; None removes one."""
    merged = expected.keys | {name.replace("_", "-"): value for name, value in keys.items()}
    kept = {name: value for name, value in merged.items() if value is not None}
    return msgspec.structs.replace(expected, keys=kept)


def static_verdicts(expected: Expectation, *checks: str, **seen: Any) -> list[Verdict]:
    """Return the verdicts of these static checks, or all; `seen` are fields of `Evidence`."""
    verdicts = judge(expected, Evidence(**seen), Group.STATIC)
    return [verdict for verdict in verdicts if not checks or verdict.check in checks]
