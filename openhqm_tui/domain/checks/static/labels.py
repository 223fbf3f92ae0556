"""The check `labels`: labels of the image's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import ANY_VALUE, Expectation, Key
from openhqm_tui.domain.checks.verdict import Result
from openhqm_tui.domain.secrets.redact import Mask


def true_in(values: dict[str, Any]) -> str:
    """Return an error for `true` as a value: it is neither a string nor `false`."""
    wrong = any(value is True for value in values.values())
    return 'write "*" to accept any non-empty value' if wrong else ""


LABELS: Key[dict[str, str]] = Key("labels", dict[str, str | bool], {}, merges=True, error=true_in)


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the labels with the expected ones; others are allowed too."""
    wanted = LABELS.of(expected)
    if seen.config is None:
        return seen.no_config(pairs(wanted))
    return compare(wanted, seen.config.labels)


def compare(wanted: Mapping[str, str], found: Mapping[str, str]) -> Result:
    """Compare names and values; values that may be secret are masked."""
    wrong = {
        name: (Mask().start(found[name], name) or "(empty)") if name in found else "(missing)"
        for name, value in wanted.items()
        if not _matches(found.get(name), value)
    }
    return Result.of(not wrong, pairs(wrong or wanted), pairs(wanted))


def _matches(found: str | None, wanted: str) -> bool:
    return bool(found) if wanted == ANY_VALUE else found == wanted


def pairs(named: Mapping[str, str]) -> str:
    """Return `a=1, b=2`, followed by the names that may have any value."""
    fixed = [f"{name}={value}" for name, value in named.items() if value != ANY_VALUE]
    some = [name for name, value in named.items() if value == ANY_VALUE]
    parts = [", ".join(fixed)] if fixed else []
    return "; ".join([*parts, f"any value for {', '.join(some)}"] if some else parts)


CHECK = Check(
    name="labels",
    position=30,
    short="lab",
    question="Are the expected labels set?",
    hint="Set the labels with LABEL in the final stage, from build arguments if they vary.",
    method=Method.STORE,
    keys=(LABELS,),
    applies=LABELS.is_set,
    judge=judge,
)
