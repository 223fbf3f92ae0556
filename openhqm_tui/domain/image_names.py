"""The names of an image in one or several registries: read, told apart, made whole."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.plan import check_name
from openhqm_tui.domain.problems import UsageProblem

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a line of them, with commas between."""
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
    """Return `names`, the main one first; raises UsageProblem for a wrong one, and for one twice.

    Two spellings of one repository would only be pushed over each other.
    """
    seen: dict[str, str] = {}
    for name in names:
        whole = full_name(check_name(name))
        if whole in seen:
            same = "" if seen[whole] == name else f" ('{seen[whole]}' is the same repository)"
            raise UsageProblem(f"the image name '{name}' is given twice{same}", fix="leave one out")
        seen[whole] = name
    return tuple(seen.values()) or (check_name(""),)
