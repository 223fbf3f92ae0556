"""The findings in one layer of an image, and those that remain in the final file system.

A record lists in full what the checks look for (binaries, files with special permissions,
compilers, caches, secrets). Of every other path it has only a hash, which is enough to know what a
later layer hides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

import msgspec

# Short enough to keep one for each path, too long to find another path with the same hash.
HASH_BYTES = 16


class FileKind(StrEnum):
    """Why a file of a layer is recorded with its path."""

    BINARY = "binary"
    SETUID = "setuid"
    COMPILER = "compiler"
    CACHE = "cache"
    SECRET = "secret"  # noqa: S105 - a kind of finding, not one of them
    WRITABLE = "writable"
    ACCOUNT = "account"
    DROPS_ROOT = "drops-root"
    UNREAD = "unread"


class Found(msgspec.Struct, frozen=True, array_like=True):
    """One file for a check to judge; `path` is absolute, `what` describes it.

    `what` is the machine of a binary (`aarch64`), the mode (`4755`) or `capabilities` of a setuid
    or world-writable file, the owner of a cache (`pip`), the kind of a secret (never its value),
    `NAME:UID` of an account in /etc/passwd, the program with which a script drops root's rights
    (`gosu`), or why an archive was not read. `size` is in bytes. `inside` is the file's path in the
    archive at `path`.
    """

    kind: FileKind
    path: str
    what: str = ""
    size: int = 0
    inside: str = ""

    @property
    def place(self) -> str:
        """Its path, with that in the archive (`/wheels/x.whl!/x.so`)."""
        return f"{self.path}!/{self.inside}" if self.inside else self.path


class ScannedLayer(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One layer, scanned.

    `digest` is that of its tar, `blob` that of the compressed tar. `files`, `folders`, `removed`
    and `emptied` are packed hashes of paths: of everything but folders, of folders, of paths
    deleted from the layers below, and of folders whose content is. `links` are hard links to files
    that aren't in this layer: path and target.
    """

    digest: str
    blob: str = ""
    size: int = 0
    entries: int = 0
    found: tuple[Found, ...] = ()
    files: bytes = b""
    folders: bytes = b""
    removed: bytes = b""
    emptied: bytes = b""
    links: tuple[tuple[str, str], ...] = ()


class Placed(msgspec.Struct, frozen=True):
    """A finding and the number of its layer, from 1; `deleted`: a later layer removes the file."""

    found: Found
    layer: int
    deleted: bool


def path_hash(path: str) -> bytes:
    """Return the short hash of an absolute path."""
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=HASH_BYTES).digest()


def place(layers: Sequence[ScannedLayer]) -> list[Placed]:
    """Return the findings of all `layers`, the lowest first, and whether each file remains."""
    covers: list[_Cover] = []
    placed: list[Placed] = []
    for number in range(len(layers), 0, -1):
        layer = layers[number - 1]
        here = []
        for found in (*layer.found, *_linked(layer, layers[: number - 1])):
            own, folders = _hashes(found.path)
            deleted = any(cover.hides(own, folders) for cover in covers)
            here.append(Placed(found, number, deleted))
        placed = here + placed
        # What lies below the lowest layer hides nothing.
        if number > 1:
            covers.append(_Cover(layer))
    return placed


class _Cover:
    """The paths of lower layers that one layer hides."""

    def __init__(self, layer: ScannedLayer) -> None:
        gone = _unpacked(layer.files) | _unpacked(layer.removed)
        self._paths = gone | _unpacked(layer.folders)
        self._folders = gone | _unpacked(layer.emptied)

    def hides(self, own: bytes, folders: frozenset[bytes]) -> bool:
        """Whether a path is hidden, given its hash and those of its parent folders."""
        return own in self._paths or not self._folders.isdisjoint(folders)


@lru_cache(maxsize=65536)
def _folders(folder: str) -> frozenset[bytes]:
    """Return the hashes of a folder and all its parents, including the root."""
    if not folder:
        return frozenset({path_hash("/")})
    return _folders(folder.rpartition("/")[0]) | {path_hash(folder)}


def _hashes(path: str) -> tuple[bytes, frozenset[bytes]]:
    return path_hash(path), _folders(path.rpartition("/")[0])


def _linked(layer: ScannedLayer, below: Sequence[ScannedLayer]) -> Iterable[Found]:
    """Return the findings that hard links of a layer copy from lower layers."""
    for path, target in layer.links:
        for under in reversed(below):
            found = [one for one in under.found if one.path == target]
            if found:
                yield from (msgspec.structs.replace(one, path=path) for one in found)
                break


def _unpacked(hashes: bytes) -> set[bytes]:
    return {hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)}
