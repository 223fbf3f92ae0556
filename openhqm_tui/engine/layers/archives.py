"""Programs and libraries inside archives: zips (also wheels and jars), and compressed tars.

Archives within archives are read too, up to a maximum depth. A corrupt archive is skipped: nothing
in it can run before a tool unpacks it.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from openhqm_tui.domain.checks.file_kinds import HEADER_BYTES, machine_of
from openhqm_tui.engine.layers.stream import (
    PACKED,
    PIECE,
    Budget,
    CorruptArchive,
    LimitExceeded,
    Stream,
    decompressed,
)
from openhqm_tui.engine.layers.tar import BLOCK, TarReader

if TYPE_CHECKING:
    import zipfile

_ZIP = b"PK\x03\x04"
# Zips may begin with a program that runs or unpacks them.
_ZIP_SUFFIXES = (".zip", ".whl", ".egg", ".pyz", ".pex", ".jar")
_DIRECTORY_ENTRY = b"PK\x01\x02"
_DEEPEST = 3
# Maximum files of one machine to report per archive.
_MOST_REPORTED = 50


class ArchiveLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits: bytes of one archive; unpacked bytes and files for all archives of a layer."""

    packed: int = 128 << 20
    unpacked: int = 1 << 30
    entries: int = 200_000


class ArchiveReader:
    """Finds programs in the archives of one layer."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.most_bytes = limits.packed
        self._budget = Budget(size=limits.unpacked, entries=limits.entries)
        self._left_entries = limits.entries

    def programs(self, content: bytes) -> list[tuple[str, str]]:
        """Return the path in the archive and the machine of ELF files; raises LimitExceeded."""
        found: list[tuple[str, str]] = []
        counts = Counter[tuple[str, str]]()
        for path, machine in self._in(content, 1):
            archive = path.rpartition("!/")[0], machine
            counts[archive] += 1
            if counts[archive] <= _MOST_REPORTED:
                found.append((path, machine))
        return found

    def _in(self, content: bytes, depth: int) -> Iterator[tuple[str, str]]:
        members = self._zip(content) if _is_zip(content) else self._tar(content)
        try:
            for path, size, pieces in members:
                head = Stream(pieces)
                start = head.peek(BLOCK)
                if start.startswith(PACKED):
                    start = head.peek(PIECE)
                if machine := machine_of(start[:HEADER_BYTES]):
                    yield path, machine
                elif depth < _DEEPEST and size <= self.most_bytes and is_archive(path, start):
                    inner = b"".join(self._counted(head.pieces()))
                    for below, machine in self._in(inner, depth + 1):
                        yield f"{path}!/{below}", machine
        except CorruptArchive:
            return

    def _tar(self, content: bytes) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        tar = TarReader(Stream(self._counted(decompressed(Stream([content])))), self._budget)
        for entry in tar:
            if entry.is_file:
                yield entry.path.lstrip("/"), entry.size, tar.pieces()

    def _zip(self, content: bytes) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        import zipfile  # slow to import, and few layers have archives

        # Counted before the directory is parsed: every entry takes memory.
        self._left_entries -= content.count(_DIRECTORY_ENTRY)
        if self._left_entries < 0:
            raise LimitExceeded("too many files in archives")
        # `zipfile` and its decompressors raise errors of many types for corrupt or encrypted data.
        try:
            file = zipfile.ZipFile(io.BytesIO(content))
        except Exception as error:
            raise CorruptArchive("the zip directory is corrupt") from error
        for member in file.infolist():
            yield member.filename, member.file_size, _read(file, member)

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._budget.take(len(piece))
            yield piece


def _read(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a zip's member, up to where it is corrupt."""
    try:
        with file.open(member) as opened:
            size = BLOCK
            while piece := opened.read(size):
                yield piece
                size = PIECE
    except Exception:
        return


def is_archive(path: str, start: bytes) -> bool:
    """Whether a file is an archive, by its name and its beginning; a compressed one needs 1 MB."""
    if start.startswith(_ZIP) or path.endswith(_ZIP_SUFFIXES):
        return True
    if not start.startswith(PACKED):
        return _is_tar(start)
    try:
        return _is_tar(Stream(decompressed(Stream([start]))).peek(BLOCK))
    except CorruptArchive:
        return False


def _is_zip(content: bytes) -> bool:
    return not content.startswith(PACKED) and not _is_tar(content)


def _is_tar(start: bytes) -> bool:
    return start[257:262] == b"ustar"
