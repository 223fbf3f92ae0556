"""The queue clients in this image: those that are installed, whatever the image's name."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# A checkout and the image have the same layout: the requirements files are next to `src`.
_FILES = sorted(Path(__file__).resolve().parents[2].glob("requirements-queue-*.txt"))
_DISTRIBUTION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*", re.MULTILINE)


def _listed() -> dict[str, str]:
    """Return variant → distribution: the first requirement of each variant's file."""
    found = {
        file.stem.removeprefix("requirements-queue-"): _DISTRIBUTION.search(file.read_text("utf-8"))
        for file in _FILES
    }
    return {variant: match[0] for variant, match in found.items() if match}


CLIENTS = _listed()


def installed() -> dict[str, str]:
    """Return distribution → version. Nothing is imported, because some imports take seconds."""
    found = {}
    for distribution in CLIENTS.values():
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def missing(backend: str) -> list[str]:
    """Return the distributions that this backend needs but the image doesn't have."""
    wanted = CLIENTS.values() if backend == "all" else filter(None, [CLIENTS.get(backend)])
    have = installed()
    return [distribution for distribution in wanted if distribution not in have]
