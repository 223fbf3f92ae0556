"""Image names: the grammar of github.com/distribution/reference, user input, and Dockerfiles."""

from __future__ import annotations

import re
from collections.abc import Iterable

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.text import inert

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


def check_name(name: str) -> str:
    """Return `name` if it is a valid image name, else raise UsageProblem."""
    if not name.strip():
        raise UsageProblem(
            "the image name is empty", fix="write a name such as app or ghcr.io/acme/app"
        )
    if NAME.fullmatch(name):
        return name
    if NAME.fullmatch(name.lower()):
        fix = f"image names are lower case: write {name.lower()}"
    elif ":" in name.rsplit("/", 1)[-1]:
        fix = "omit the tag, which is a separate option"
    else:
        fix = "use lower-case letters, digits and . _ - between slashes, as in ghcr.io/acme/openhqm"
    raise UsageProblem(f"'{name}' isn't a valid image name", fix=fix)


def split_names(text: str) -> tuple[str, ...]:
    """Split comma-separated names."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def full_name(name: str) -> str:
    """Return a name with the registry that Docker implies: `acme/x` is `docker.io/acme/x`."""
    host, slash, path = name.partition("/")
    if slash and host in _DOCKER_HUB:
        return full_name(path) if "/" in path else f"docker.io/library/{path}"
    if slash and (host == "localhost" or any(mark in host for mark in ".:")):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return `names`, the main one first; raises UsageProblem for invalid names and duplicates.

    Two spellings of one repository are duplicates.
    """
    seen: dict[str, str] = {}
    for name in names:
        whole = full_name(check_name(name))
        if whole in seen:
            same = "" if seen[whole] == name else f" ('{seen[whole]}' is the same repository)"
            raise UsageProblem(
                f"the image name '{name}' is given twice{same}", fix="remove one of them"
            )
        seen[whole] = name
    return tuple(seen.values()) or (check_name(""),)


TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])"
NAME = re.compile(rf"(?:{_HOST}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*")
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"{NAME.pattern}(?::{TAG.pattern})?(?:@{_DIGEST})?")

# Buildx allows letters, digits, _ and -; a Compose service may also have a dot.
_TARGET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# A builder, or a Docker context with a built-in one.
_BUILDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,254}")
_REMOTE = re.compile(r"^(?:https?://|git@|git://|ssh://|github\.com/)")


def is_remote(context: str) -> bool:
    """Return whether BuildKit fetches a build context from a remote place."""
    return bool(_REMOTE.match(context))


def check_reference(text: str) -> str:
    """Return `text` if it is an image reference `NAME[:TAG][@DIGEST]`, else raise UsageProblem."""
    if not _REFERENCE.fullmatch(text):
        raise UsageProblem(
            f"'{text}' isn't a valid image reference",
            fix="use NAME:TAG or NAME@sha256:…, with NAME in lower case",
        )
    return text


def is_target_name(text: str) -> bool:
    """Return whether a bake target name is usable: it also names files, rows and arguments."""
    return bool(_TARGET.fullmatch(text))


def check_builder(name: str) -> str:
    """Return `name` if it is valid for a builder or Docker context, else raise UsageProblem."""
    if not _BUILDER.fullmatch(name):
        raise UsageProblem(
            f"'{name}' isn't a valid builder name",
            fix="start with a letter or digit, then use letters, digits and _ . + -; "
            "`docker buildx ls` lists the builders",
        )
    return name


def check_clean(text: str, what: str) -> str:
    """Return `text` if it has no control characters, else raise UsageProblem."""
    if inert(text) != text:
        raise UsageProblem(
            f"{what} '{text}' contains control characters or line breaks", fix="remove them"
        )
    return text


_CONTINUED = re.compile(r"[\\`][ \t]*\n")
_FROM = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(?P<image>\S+)(?:[ \t]+AS[ \t]+(?P<stage>\S+))?",
    re.IGNORECASE | re.MULTILINE,
)


def base_images(dockerfile: str) -> tuple[str, ...]:
    """Return the images in the `FROM` lines as they are written, each once, without stages."""
    stages = {"scratch"}
    found: dict[str, None] = {}
    for line in _FROM.finditer(_CONTINUED.sub(" ", dockerfile)):
        if line["image"].lower() not in stages:
            found[line["image"]] = None
        if line["stage"]:
            stages.add(line["stage"].lower())
    return tuple(found)
