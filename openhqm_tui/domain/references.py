"""How images, bake targets and builders may be called, by the grammar of who reads the name."""

from __future__ import annotations

import re

from openhqm_tui.domain.plain_text import inert
from openhqm_tui.domain.problems import UsageProblem

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])"
NAME = re.compile(rf"(?:{_HOST}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*")
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"{NAME.pattern}(?::{TAG.pattern})?(?:@{_DIGEST})?")

# Buildx takes letters, digits, _ and -; a compose service may have a dot too.
_TARGET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# A builder, or the Docker context that has one of its own.
_BUILDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,254}")
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


def is_target_name(text: str) -> bool:
    """Tell whether a bake target can be called so: it names files, rows and arguments too."""
    return bool(_TARGET.fullmatch(text))


def check_builder(name: str) -> str:
    """Return `name` if a builder or a Docker context can have it, else raise UsageProblem."""
    if not _BUILDER.fullmatch(name):
        raise UsageProblem(
            f"'{name}' can't be a builder",
            fix="it begins with a letter or digit and goes on with these and _ . + -; "
            "`docker buildx ls` lists them",
        )
    return name


def check_clean(text: str, what: str) -> str:
    """Return `text` if it holds nothing that acts on a terminal, else raise UsageProblem."""
    if inert(text) != text:
        raise UsageProblem(
            f"{what} '{text}' holds control characters or line breaks", fix="take them out"
        )
    return text
