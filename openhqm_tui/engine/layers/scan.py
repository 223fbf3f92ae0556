"""The program that reads an exported image, in its own process with memory and time limits.

Its input isn't trusted and may be malicious. So it runs in a process of its own, with limits that
the kernel enforces, reads standard input and writes a line of JSON for each layer to standard
output. It doesn't depend on the layout of the export (OCI's or Docker's older one): everything that
unpacks to a tar is scanned, and identified by the digest of the tar, as in an image's config.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator

import msgspec

from openhqm_tui.domain.checks.file_kinds import (
    HEADER_BYTES,
    accounts_in,
    cache_of,
    compiler_of,
    dropping_root,
    is_of_accounts,
    machine_of,
)
from openhqm_tui.domain.checks.layers import FileKind, Found, ScannedLayer, path_hash
from openhqm_tui.domain.formatting import size_text
from openhqm_tui.domain.secrets.detect import LONGEST, is_telling, sorts_in, sorts_in_named
from openhqm_tui.engine.layers.archives import ArchiveLimits, ArchiveReader, is_archive
from openhqm_tui.engine.layers.stream import (
    PIECE,
    Budget,
    CorruptArchive,
    LimitExceeded,
    Stream,
    looks_packed,
    new_digest,
    unpacked,
)
from openhqm_tui.engine.layers.tar import BLOCK, Entry, TarReader

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RIGHTS = 0o6000
_STICKY = 0o1000
_WRITABLE = 0o002
_EXECUTABLE = 0o111
_ACCOUNTS = "/etc/passwd"
_READ = 1 << 18


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits: bytes of memory, seconds of CPU time, unpacked bytes and files.

    `most_found` is the maximum number of files of a layer to report with their paths, `most_text`
    the maximum bytes of these paths.
    """

    memory: int = 768 << 20
    seconds: int = 600
    unpacked: int = 32 << 30
    entries: int = 3_000_000
    most_found: int = 50_000
    most_text: int = 8 << 20
    archives: ArchiveLimits = ArchiveLimits()


class ScanOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: digests of layers; `known` are blobs that needn't be read again."""

    wanted: tuple[str, ...]
    known: tuple[str, ...] = ()
    limits: Limits = Limits()


class ScanProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something can't be read; `blob` is its name in the export, '' for the whole export."""

    blob: str = ""
    reason: str


class ScanLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of output: a layer or an error."""

    layer: ScannedLayer | None = None
    trouble: ScanProblem | None = None


def scan_export(source: Iterable[bytes], order: ScanOrder) -> Iterator[ScanLine]:
    """Yield the wanted layers of an exported image, in the order of the export.

    Ends after the last of them. An error in one layer doesn't affect the others.
    """
    wanted, known = set(order.wanted), set(order.known)
    budget = Budget(size=order.limits.unpacked, entries=order.limits.entries)
    # Docker writes the export itself: only its files are counted, not its bytes.
    export = TarReader(Stream(source), budget)
    for entry in export:
        blob = entry.path.rpartition("/")[2]
        if not wanted:
            return
        if not entry.is_file or not entry.size or blob in known:
            continue
        packed = Stream(export.pieces())
        if not _may_be_layer(packed):
            continue
        try:
            layer = scan_layer(packed, budget, blob, order.limits)
        except (CorruptArchive, LimitExceeded) as error:
            yield ScanLine(trouble=ScanProblem(blob=blob, reason=str(error)))
            if isinstance(error, LimitExceeded):
                return
            continue
        if layer.digest in wanted:
            wanted.discard(layer.digest)
            yield ScanLine(layer=layer)


def scan_layer(packed: Stream, budget: Budget, blob: str, limits: Limits) -> ScannedLayer:
    """Read one layer, compressed or not; raises CorruptArchive and LimitExceeded."""
    digest = new_digest()
    stream = Stream(unpacked(packed, budget, digest))
    scan = _LayerScan(limits)
    tar = TarReader(stream, budget)
    for entry in tar:
        scan.add(entry, tar)
    size = scan.size
    # The digest covers the padding too.
    stream.skip()
    return scan.layer(digest=f"sha256:{digest.hexdigest()}", blob=blob, size=size)


class _LayerScan:
    """What was found in one layer so far."""

    def __init__(self, limits: Limits) -> None:
        self._most_found = limits.most_found
        self._room = limits.most_text
        self._found: list[Found] = []
        # For files that later entries may be hard links to.
        self._by_path: dict[str, list[Found]] = {}
        self._here: set[bytes] = set()
        self._files, self._folders = bytearray(), bytearray()
        self._removed, self._emptied = bytearray(), bytearray()
        self._links: list[tuple[str, str]] = []
        self._entries = 0
        self._archives = ArchiveReader(limits.archives)
        self.size = 0

    def layer(self, *, digest: str, blob: str, size: int) -> ScannedLayer:
        """Return it as a record."""
        return ScannedLayer(
            digest=digest,
            blob=blob,
            size=size,
            entries=self._entries,
            found=tuple(self._found),
            files=bytes(self._files),
            folders=bytes(self._folders),
            removed=bytes(self._removed),
            emptied=bytes(self._emptied),
            links=tuple(self._links),
        )

    def add(self, entry: Entry, tar: TarReader) -> None:
        """Add one entry, with its content."""
        self._entries += 1
        folder, _, name = entry.path.rpartition("/")
        if name.startswith(_WHITEOUT):
            if name == _OPAQUE:
                self._emptied += path_hash(folder or "/")
            elif not name.startswith(_WHITEOUT * 2):
                self._removed += path_hash(f"{folder}/{name[len(_WHITEOUT) :]}")
            return
        own = path_hash(entry.path)
        if entry.is_folder:
            self._folders += own
            # Whoever can write to a folder with the sticky bit can't replace the files of others.
            if not entry.mode & _STICKY:
                self._writable(entry)
            return
        self._files += own
        self._here.add(own)
        if entry.is_hard_link:
            self._link(entry)
        elif entry.is_file:
            self.size += entry.size
            self._file(entry, tar)

    def _link(self, entry: Entry) -> None:
        if path_hash(entry.link) not in self._here:
            self._take_room(entry.path + entry.link)
            self._links.append((entry.path, entry.link))
        for found in self._by_path.get(entry.link, ()):
            if found.kind not in {FileKind.SETUID, FileKind.WRITABLE}:
                self._tell(msgspec.structs.replace(found, path=entry.path))
        self._rights(entry)

    def _file(self, entry: Entry, tar: TarReader) -> None:
        path = entry.path
        self._rights(entry)
        if entry.mode & _EXECUTABLE and (name := compiler_of(path)):
            self._tell(Found(FileKind.COMPILER, path, name, entry.size))
        if name := cache_of(path):
            self._tell(Found(FileKind.CACHE, path, name, entry.size))
        look = _Look(path, entry.size, self._archives.most_bytes)
        look.through(tar.pieces())
        start = look.start
        if machine := machine_of(start[:HEADER_BYTES]):
            self._tell(Found(FileKind.BINARY, path, machine, entry.size))
        for what in sorted(look.secrets):
            self._tell(Found(FileKind.SECRET, path, what))
        if path == _ACCOUNTS:
            for account in accounts_in(start):
                self._tell(Found(FileKind.ACCOUNT, path, account))
        if entry.mode & _EXECUTABLE and (program := dropping_root(start)):
            self._tell(Found(FileKind.DROPS_ROOT, path, program))
        if look.is_archive:
            self._archive(path, look.content)

    def _archive(self, path: str, content: bytes) -> None:
        if not content:
            why = f"larger than {size_text(self._archives.most_bytes)}"
            self._tell(Found(FileKind.UNREAD, path, why))
            return
        try:
            programs = self._archives.programs(content)
        except LimitExceeded as error:
            self._tell(Found(FileKind.UNREAD, path, str(error)))
            return
        for inside, machine in programs:
            self._tell(Found(FileKind.BINARY, path, machine, inside=inside))

    def _writable(self, entry: Entry) -> None:
        if entry.mode & _WRITABLE and is_of_accounts(entry.path):
            self._tell(Found(FileKind.WRITABLE, entry.path, f"{entry.mode & 0o7777:o}"))

    def _rights(self, entry: Entry) -> None:
        # The mode in a hard link's header applies to the file that it is a name of.
        self._writable(entry)
        if entry.mode & _RIGHTS:
            self._tell(Found(FileKind.SETUID, entry.path, f"{entry.mode & 0o7777:o}"))
        elif entry.capabilities:
            self._tell(Found(FileKind.SETUID, entry.path, "capabilities"))

    def _tell(self, found: Found) -> None:
        self._take_room(found.place)
        self._found.append(found)
        self._by_path.setdefault(found.path, []).append(found)

    def _take_room(self, text: str) -> None:
        self._room -= len(text)
        if self._room < 0 or len(self._found) + len(self._links) >= self._most_found:
            raise LimitExceeded(
                f"too many files to report (limit: {self._most_found}), or their paths are too long"
            )


class _Look:
    """One pass over a file: its first bytes, the secrets in it, the content of an archive."""

    def __init__(self, path: str, size: int, most_kept: int) -> None:
        self._path, self._size = path, size
        self._most_kept = most_kept
        self.start = self.content = b""
        self.secrets: set[str] = set()
        self.is_archive = False

    def through(self, pieces: Iterator[bytes]) -> None:
        """Read all of it; `content` stays empty if an archive is too large to be kept."""
        window = b""
        kept: list[bytes] = []
        for number, piece in enumerate(_gathered(pieces, min(self._size, PIECE))):
            if number == 0:
                self.start = piece
                self.is_archive = is_archive(self._path, piece)
                if is_telling(self._path):
                    self.secrets |= sorts_in_named(self._path, piece)
            if self.is_archive and self._size <= self._most_kept:
                kept.append(piece)
            window = window[-LONGEST:] + piece
            self.secrets |= sorts_in(window)
        self.content = b"".join(kept)


def _gathered(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least `size`, except the last one."""
    kept: list[bytes] = []
    room = size
    for piece in pieces:
        kept.append(piece)
        room -= len(piece)
        if room <= 0:
            yield kept[0] if len(kept) == 1 else b"".join(kept)
            kept, room = [], size
    if kept:
        yield b"".join(kept)


def _may_be_layer(packed: Stream) -> bool:
    """Return whether a file of the export is a layer, by its first block."""
    start = packed.peek(BLOCK)
    if looks_packed(start):
        return True
    # Neither a tar header nor an empty tar (all zeros) looks like JSON.
    return len(start) == BLOCK and (start[257:262] == b"ustar" or not any(start))


def _limit(limits: Limits) -> None:
    """Have the kernel enforce the limits; those that a system doesn't support are skipped."""
    for what, most, hard in (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        # At the hard limit, Linux sends SIGKILL instead of SIGXCPU, which is unambiguous.
        (resource.RLIMIT_CPU, limits.seconds, limits.seconds + 1),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, 16, 16),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, hard))


def _standard_input() -> Iterator[bytes]:
    while piece := os.read(0, _READ):
        yield piece


def run(order: ScanOrder, source: Iterable[bytes], say: Callable[[bytes], object]) -> None:
    """Scan, and print a line of JSON for each layer or error."""
    try:
        for line in scan_export(source, order):
            say(msgspec.json.encode(line) + b"\n")
    except (CorruptArchive, LimitExceeded) as error:
        say(msgspec.json.encode(ScanLine(trouble=ScanProblem(reason=str(error)))) + b"\n")
    except MemoryError:
        memory = f"the layer reader reached its limit of {size_text(order.limits.memory)} of memory"
        say(msgspec.json.encode(ScanLine(trouble=ScanProblem(reason=memory))) + b"\n")


def main() -> None:
    """Read an order from the command line and an export from standard input."""
    order = msgspec.json.decode(sys.argv[1], type=ScanOrder)
    _limit(order.limits)
    run(order, _standard_input(), sys.stdout.buffer.write)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
