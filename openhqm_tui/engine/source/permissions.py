"""Where the paths of permissions lead, and what the environment grants."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.permissions import ANY, READ, SSH, WRITE, Need, Permission, is_inside

VARIABLE = "BUILDX_BAKE_ENTITLEMENTS_FS"
_YES = {"1", "t", "T", "true", "TRUE", "True"}
_NO = {"0", "f", "F", "false", "FALSE", "False"}


def resolve_needs(needs: Iterable[Permission], folder: str) -> frozenset[Need]:
    """Return the needed permissions with their paths resolved against `folder`.

    With a link before a `..`, Buildx checks another path than the one that is opened: both
    are needed.
    """
    found = set()
    for one in needs:
        if one.key not in {READ, WRITE}:
            found.add(Need(one, one))
            continue
        path = os.path.join(folder, one.value)  # noqa: PTH118 - Path would drop `..` of no effect
        for meant in {posixpath.normpath(path), path}:
            real = os.path.realpath(meant)
            found.add(Need(Permission(one.key, real), Permission(one.key, _existing(real))))
    return frozenset(found)


def links_in_caches(caches: Iterable[Permission], folder: str) -> frozenset[Need]:
    """Return what local caches need outside of themselves: Buildx follows every link in them."""
    found = set()
    for cache in caches:
        top = os.path.realpath(os.path.join(folder, cache.value))  # noqa: PTH118
        for path in _layout(top):
            real = os.path.realpath(path)
            if not is_inside(real, top):
                found.add(Need(Permission(cache.key, real), Permission(cache.key, _existing(real))))
    return frozenset(found)


def resolve_grants(granted: Iterable[Permission], folder: str) -> frozenset[Permission]:
    """Return the grants with their paths resolved against `folder`, existing or not."""
    return frozenset(
        Permission(one.key, os.path.realpath(os.path.normpath(os.path.join(folder, one.value))))  # noqa: PTH118
        if one.key in {READ, WRITE} and one.value != ANY
        else one
        for one in granted
    )


def own_folder(folder: str) -> frozenset[Permission]:
    """Return what Buildx always grants: the folder that it runs in."""
    return resolve_grants((Permission(READ, "."), Permission(WRITE, ".")), folder)


def from_environment(environment: Mapping[str, str]) -> tuple[Permission, ...]:
    """Return what `BUILDX_BAKE_ENTITLEMENTS_FS=0` grants: files and the SSH agent."""
    value = environment.get(VARIABLE)
    if value is None or value in _YES:
        return ()
    if value not in _NO:
        raise UsageProblem(f"{VARIABLE}={value} is not a boolean", fix="set it to 0 or 1")
    return (Permission(READ, ANY), Permission(WRITE, ANY), Permission(SSH))


def _layout(cache: str) -> Iterator[str]:
    """Yield the existing paths of an OCI layout, which has at most three levels."""
    top = _below(cache, {"index.json", "index.json.lock", "oci-layout", "blobs", "ingest"})
    for first in top:
        yield first
        for second in _below(first):
            yield second
            yield from _below(second)


def _below(folder: str, names: Collection[str] = ()) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if not names or entry.name in names]
    except OSError:
        return []


def _existing(path: str) -> str:
    while not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)  # noqa: PTH120
    return path
