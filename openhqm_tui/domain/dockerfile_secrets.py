"""Secrets that a Dockerfile itself holds: BuildKit puts variables' values into steps' names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from openhqm_tui.domain.masking import secret_values

_SETS = re.compile(r"(?im)^[ \t]*(?:ENV|ARG|LABEL)[ \t]+(?P<rest>.{1,4000})")
# A stranger's may hold any number.
_MOST_LINES = 1000
_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_PAIR = re.compile(
    r"""(?<![\w.-])(?P<name>[\w.-]{1,100})=(?P<value>"(?:\\.|[^"\\])*"|'[^']*'|[^\s"']\S*)"""
)
# The old way, one to a line: `ENV NAME the whole rest`.
_ALONE = re.compile(r"(?P<name>[\w.-]{1,100})[ \t]+(?P<value>[^\s=].*)")


def dockerfile_secrets(text: str) -> frozenset[str]:
    """Return what stands under secrets' names in ENV, ARG and LABEL, but other variables' values.

    Those, as `$NAME`, are where they are set.
    """
    found: set[str] = set()
    for line in islice(_SETS.finditer(_CONTINUED.sub(" ", text)), _MOST_LINES):
        for name, value in _pairs(line["rest"]):
            found |= secret_values({name: value})
    return frozenset(value for value in found if "$" not in value)


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    alone = _ALONE.match(rest)
    for match in [alone] if alone else _PAIR.finditer(rest):
        value = match["value"].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        yield match["name"], value[1:-1] if quoted else value
