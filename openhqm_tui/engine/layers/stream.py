"""Bytes of a layer as a stream: decompressed in pieces and counted, never all in memory."""

from __future__ import annotations

import bz2
import hashlib
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.formatting import size_text

if TYPE_CHECKING:
    from hashlib import _Hash

# Bytes; no piece is larger, however much a decompression bomb unpacks to.
PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_XZ = b"\xfd7zXZ\0"
_BZIP2 = b"BZh"
# What archives in a layer are compressed with.
PACKED = (_GZIP, _ZSTD, _XZ, _BZIP2)
# Bytes of memory for an xz stream: more than its strongest preset takes.
_MOST_XZ = 128 << 20
# A skippable frame, as zstd:chunked writes before or after the others.
_ZSTD_SKIPPED = tuple(bytes([0x50 + n, 0x2A, 0x4D, 0x18]) for n in range(16))
# Maximum bytes of history of a frame: 2^27, the default limit of `zstd` itself.
_LARGEST_WINDOW = 27


class CorruptArchive(Problem):
    """A layer that can't be read; `str()` is the reason."""


class LimitExceeded(Problem):
    """A layer or an image exceeds a limit; `str()` says which one."""


class Budget:
    """How many bytes and entries may still be unpacked, for all layers of an image."""

    def __init__(self, *, size: int, entries: int) -> None:
        self._size, self._entries = size, entries
        self._left = size
        self._left_entries = entries

    def take(self, size: int) -> None:
        """Use up bytes; raises LimitExceeded."""
        self._left -= size
        if self._left < 0:
            raise LimitExceeded(f"the total unpacked size exceeds {size_text(self._size)}")

    def take_entry(self) -> None:
        """Use up one file, folder or link; raises LimitExceeded."""
        self._left_entries -= 1
        if self._left_entries < 0:
            raise LimitExceeded(f"more than {self._entries} files")


class Stream:
    """A reader over consecutive pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        end = self._at + size
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
            return taken
        return b"".join(self.pieces(size))

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end, without consuming them."""
        while len(self._piece) - self._at < size:
            more = next(self._pieces, b"")
            if not more:
                break
            self._piece, self._at = self._piece[self._at :] + more, 0
        return self._piece[self._at : self._at + size]

    def pieces(self, size: int | None = None) -> Iterator[bytes]:
        """Yield the next `size` bytes in pieces, fewer only at the end; None: all."""
        while size is None or size > 0:
            if self._at == len(self._piece):
                self._piece, self._at = next(self._pieces, b""), 0
                if not self._piece:
                    return
            end = len(self._piece) if size is None else min(len(self._piece), self._at + size)
            piece, self._at = self._piece[self._at : end], end
            if size is not None:
                size -= len(piece)
            yield piece

    def skip(self, size: int | None = None) -> int:
        """Skip the next `size` bytes (None: all) and return how many there were."""
        return sum(map(len, self.pieces(size)))


def unpacked(packed: Stream, budget: Budget, digest: _Hash) -> Iterator[bytes]:
    """Yield what a layer unpacks to (gzip, zstd or neither), counted and hashed.

    Raises CorruptArchive and LimitExceeded.
    """
    for piece in decompressed(packed):
        budget.take(len(piece))
        digest.update(piece)
        yield piece


def decompressed(packed: Stream) -> Iterator[bytes]:
    """Yield what a file unpacks to: gzip, zstd, xz or bzip2, else the file.

    Raises CorruptArchive.
    """
    start = packed.peek(6)
    if start.startswith(_GZIP):
        return _gunzip(packed.pieces())
    if start.startswith((_ZSTD, *_ZSTD_SKIPPED)):
        return _frames(packed.pieces(), "zstd", *_zstd())
    if start.startswith(_XZ):
        return _frames(packed.pieces(), "xz", *_xz())
    if start.startswith(_BZIP2):
        return _frames(packed.pieces(), "bzip2", bz2.BZ2Decompressor, OSError)
    return packed.pieces()


def looks_packed(start: bytes) -> bool:
    """Return whether a file begins like a compressed layer."""
    return start.startswith((_GZIP, _ZSTD, *_ZSTD_SKIPPED))


def new_digest() -> _Hash:
    """Return the hash that identifies layers."""
    return hashlib.sha256()


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for packed in pieces:
        left = packed
        while left:
            if member.eof:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                out = member.decompress(left, PIECE)
            except zlib.error as error:
                raise CorruptArchive("the gzip data is corrupt") from error
            left = member.unused_data if member.eof else member.unconsumed_tail
            if out:
                yield out
    if not member.eof:
        raise CorruptArchive("the gzip data is truncated")


def _frames(
    pieces: Iterable[bytes], name: str, new: Callable[[], Any], error_type: type[Exception]
) -> Iterator[bytes]:
    frame = new()
    for packed in pieces:
        left = packed
        while left or not (frame.eof or frame.needs_input):
            if frame.eof:
                frame = new()
            try:
                out = frame.decompress(left, PIECE)
            except error_type as error:
                raise CorruptArchive(f"the {name} data is corrupt") from error
            left = frame.unused_data if frame.eof else b""
            if out:
                yield out
    if not frame.eof:
        raise CorruptArchive(f"the {name} data is truncated")


def _xz() -> tuple[Callable[[], Any], type[Exception]]:
    import lzma  # not every Python has it

    return lambda: lzma.LZMADecompressor(memlimit=_MOST_XZ), lzma.LZMAError


def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    """Return a factory of decompressors with bounded memory, and the errors that they raise."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
    return lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError
