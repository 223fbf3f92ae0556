"""A strict reader of untrusted tar streams: anything it doesn't support is an error.

`tarfile` stops silently at a corrupt header, and keeps extended headers of any size in memory.
Here, as in the engine's own reader, an archive that can't be read to its end is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from openhqm_tui.engine.layers.stream import Budget, CorruptArchive, LimitExceeded, Stream

BLOCK = 512
_ZEROS = bytes(BLOCK)
# Bytes: a path in the kernel has at most 4096; an extended header has some, and attributes.
MOST_PATH = 4096
MOST_HEADER = 1 << 20
# These have no content, whatever the size in their header.
_HEADER_ONLY = frozenset("123456")
_CAPABILITIES = "SCHILY.xattr.security.capability"


class Entry(NamedTuple):
    """One file, folder or link: `kind` is tar's type flag, `path` absolute and without dots.

    `link` is the target of a hard link, in the same spelling; `size` the bytes of its content.
    """

    kind: str
    path: str
    link: str
    mode: int
    size: int
    capabilities: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.kind == "5"

    @property
    def is_hard_link(self) -> bool:
        """Whether it is another name of a file."""
        return self.kind == "1"

    @property
    def is_file(self) -> bool:
        """Whether it has content of its own."""
        return self.kind not in _HEADER_ONLY


class TarReader:
    """The entries of a tar stream, and the content of the last one read.

    Raises CorruptArchive if the stream isn't a complete tar, LimitExceeded above a limit.
    """

    def __init__(self, stream: Stream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._left = 0
        self._padding = 0
        self._sparse_map = False

    def __iter__(self) -> Iterator[Entry]:
        while True:
            self._finish()
            extended: dict[str, bytes] = {}
            header = self._header(extended)
            if header is None:
                return
            self._budget.take_entry()
            yield self._entry(header, extended)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content of the last entry read; of a sparse file, without the holes."""
        if self._sparse_map:
            self._skip_sparse_map()
        while self._left:
            piece = next(self._stream.pieces(self._left), b"")
            if not piece:
                raise CorruptArchive("the tar archive ends in the middle of a file")
            self._left -= len(piece)
            yield piece

    def _finish(self) -> None:
        rest = self._left + self._padding
        if self._stream.skip(rest) != rest:
            raise CorruptArchive("the tar archive ends in the middle of a file")
        self._left = self._padding = 0

    def _header(self, extended: dict[str, bytes]) -> bytes | None:
        """Return the next entry's own header; the contents of extended ones go into `extended`."""
        room = MOST_HEADER
        while True:
            block = self._stream.take(BLOCK)
            if block in {b"", _ZEROS}:
                if extended or self._stream.take(BLOCK) not in {b"", _ZEROS}:
                    raise CorruptArchive("the tar archive is truncated")
                return None
            if len(block) != BLOCK or not _is_sound(block):
                raise CorruptArchive("the tar archive has a corrupt header")
            kind = chr(block[156])
            if kind in "xgLK":
                # For all headers of an entry: their number isn't limited.
                size = _number(block[124:136])
                room -= size
                if room < 0:
                    raise LimitExceeded(f"the tar headers of a file exceed {MOST_HEADER >> 10} KB")
                self._extend(kind, size, extended)
                continue
            if kind == "S" and block[482]:
                # The map of an old sparse file continues in separate blocks.
                while self._taken(BLOCK)[504]:
                    self._budget.take_entry()
            return block

    def _extend(self, kind: str, size: int, extended: dict[str, bytes]) -> None:
        data = self._taken(size)
        self._taken(-size % BLOCK)
        self._budget.take_entry()
        if kind == "x":
            extended |= _records(data)
        elif kind != "g":
            extended["path" if kind == "L" else "linkpath"] = data.split(b"\0", 1)[0]

    def _entry(self, block: bytes, extended: dict[str, bytes]) -> Entry:
        kind = chr(block[156])
        name = block[:100].split(b"\0", 1)[0]
        if block[257:263] == b"ustar\0" and block[345]:
            name = block[345:500].split(b"\0", 1)[0] + b"/" + name
        sparse = _sparse_form(extended)
        name = (sparse and extended.get("GNU.sparse.name")) or extended.get("path") or name
        link = extended.get("linkpath") or block[157:257].split(b"\0", 1)[0]
        size = _decimal(extended["size"]) if "size" in extended else _number(block[124:136])
        if kind == "\0":
            kind = "5" if name.endswith(b"/") else "0"
        if kind in _HEADER_ONLY:
            size = 0
        self._left, self._padding = size, -size % BLOCK
        self._sparse_map = sparse == "1.0"
        return Entry(
            kind,
            _path(name),
            _path(link) if kind == "1" else "",
            _number(block[100:108]),
            size,
            _CAPABILITIES in extended,
        )

    def _skip_sparse_map(self) -> None:
        """Skip the map that precedes the content of a sparse file (PAX 1.0)."""
        self._sparse_map = False
        lines, wanted, text = 0, 1, b""
        while lines < wanted:
            if self._left < BLOCK or len(text) > MOST_HEADER:
                raise CorruptArchive("the tar archive contains a corrupt sparse file")
            text += self._taken(BLOCK)
            self._left -= BLOCK
            lines = text.count(b"\n")
            if wanted == 1 and lines:
                wanted += 2 * _decimal(text.split(b"\n", 1)[0])

    def _taken(self, size: int) -> bytes:
        data = self._stream.take(size)
        if len(data) != size:
            raise CorruptArchive("the tar archive is truncated")
        return data


def _is_sound(block: bytes) -> bool:
    try:
        stored = _number(block[148:156])
    except CorruptArchive:
        return False
    total = sum(block) - sum(block[148:156]) + 8 * 32
    if stored == total:
        return True
    # Very old tars added up signed bytes.
    return stored == total - 256 * sum(byte > 127 for byte in block[:148] + block[156:])


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        # Base 256, for numbers too large for octal digits; 0xff begins a negative one.
        value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40 or value >= 1 << 63:
            raise CorruptArchive("the tar archive has an invalid number in a header")
        return value
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise CorruptArchive("the tar archive has an invalid number in a header")
    return int(digits, 8)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise CorruptArchive("the tar archive has an invalid number in a header")
    return int(digits)


def _records(data: bytes) -> dict[str, bytes]:
    """Return the `LENGTH KEY=VALUE` records of an extended header; an empty value removes one."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        length = _decimal(data[at:space]) if space > 0 else 0
        record = data[space + 1 : at + length - 1]
        if length < 5 or data[at + length - 1 : at + length] != b"\n" or b"=" not in record:
            raise CorruptArchive("the tar archive has a corrupt extended header")
        key, _, value = record.partition(b"=")
        found[key.decode("utf-8", "backslashreplace")] = value
        at += length
    return found


def _sparse_form(extended: dict[str, bytes]) -> str:
    """Return the sparse format of a file, as the engine reads it; '' if it isn't sparse."""
    version = extended.get("GNU.sparse.major", b""), extended.get("GNU.sparse.minor", b"")
    if version in {(b"0", b"0"), (b"0", b"1"), (b"1", b"0")}:
        return f"{version[0].decode()}.{version[1].decode()}"
    # The oldest format has no version, only a map.
    return "0.0" if version == (b"", b"") and extended.get("GNU.sparse.map") else ""


def _path(name: bytes) -> str:
    if len(name) > MOST_PATH:
        raise LimitExceeded(f"a path is too long ({len(name)} bytes)")
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("utf-8", "backslashreplace")
    # Most paths are plain: no dots, no doubled slashes.
    if text and text[0] not in "./" and text[-1] != "/" and "//" not in text and "/." not in text:
        return f"/{text}"
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)
