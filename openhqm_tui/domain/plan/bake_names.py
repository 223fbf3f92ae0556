"""The names in a resolved bake file, which a stranger chose: valid ones only go any further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.image_names import check_clean, check_reference, is_target_name

# What a build is called or found by; arguments, labels and attestations may have lines of text.
_ON_ONE_LINE = ("context", "dockerfile", "target", "tags", "platforms", "output", "secret", "ssh")


def check_bake(targets: Mapping[str, Mapping[str, Any]], file: object) -> None:
    """Raise UsageProblem for the first target whose name, tag or path can't be one."""
    for name, body in targets.items():
        if not is_target_name(name):
            raise UsageProblem(
                f"{file}: '{name}' can't be a target's name",
                fix="it is letters, digits and _ . - only",
            )
        for key in _ON_ONE_LINE:
            for text in _texts(body.get(key)):
                check_clean(text, f"{file}: {name}.{key}")
        for tag in body.get("tags") or ():
            check_reference(str(tag))


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
