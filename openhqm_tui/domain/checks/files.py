"""Code shared by the checks on files: which files to judge, which are exempt, how to name them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from openhqm_tui.domain.checks.check import Check
from openhqm_tui.domain.checks.evidence import Contents, Evidence
from openhqm_tui.domain.checks.expectation import ALLOW, Expectation
from openhqm_tui.domain.checks.layers import FileKind, Found
from openhqm_tui.domain.checks.verdict import Answer, Result

_MOST_NAMED = 5


def remaining(contents: Contents, kind: FileKind) -> list[Found]:
    """Return the files of a kind that are in the final file system."""
    return [one.found for one in contents.of(kind) if not one.deleted]


def exempt(check: Check, place: str, expected: Expectation) -> bool:
    """Whether a file is acceptable in every image or allowed in this one; `*` matches slashes."""
    globs = (*check.usual, *ALLOW.of(expected).get(check.name, ()))
    return any(fnmatchcase(place, glob) for glob in globs)


def no_layers(seen: Evidence) -> Result:
    """Return the result if the layers couldn't be read."""
    return Result(Answer.UNKNOWN, seen.why or "the image's layers could not be read")


def few(texts: Sequence[str]) -> str:
    """Join the first texts, and say how many more there are."""
    more = len(texts) - _MOST_NAMED
    named = ", ".join(texts[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named
