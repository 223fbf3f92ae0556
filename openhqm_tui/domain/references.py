"""How images may be called: the grammar of github.com/distribution/reference."""

from __future__ import annotations

import re

from openhqm_tui.domain.problems import UsageProblem

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])"
NAME = re.compile(rf"(?:{_HOST}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*")
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"{NAME.pattern}(?::{TAG.pattern})?(?:@{_DIGEST})?")

_REMOTE = re.compile(r"^(?:https?://|git@|git://|ssh://|github\.com/)")


def is_remote(context: str) -> bool:
    """Tell whether BuildKit fetches a build context from elsewhere."""
    return bool(_REMOTE.match(context))


def check_reference(text: str) -> str:
    """Return `text` if it names an image (`NAME[:TAG][@DIGEST]`), else raise UsageProblem."""
    if not _REFERENCE.fullmatch(text):
        raise UsageProblem(
            f"'{text}' can't be an image", fix="write NAME:TAG or NAME@sha256:… in lower case"
        )
    return text
