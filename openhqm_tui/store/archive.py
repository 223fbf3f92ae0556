"""A run as one file, `openhqm-run-ID.zip`, to share or to attach to a bug report.

It holds the run folder's files under `ID/`, except the lock and the requests to the runner. The
same run always gives the same bytes. A packed run may come from anybody: only the files of a run
folder are unpacked, within size limits, as regular files that only their owner can read. An
imported run is never executed (see `RunFolder.is_imported`): its plan may name any local file.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import size_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.paths import make_private
from openhqm_tui.store.run_folder import MOST_BYTES, MOST_READ_WHOLE, RunFolder, runs_folder

# A run of 16 targets whose every step is clipped by BuildKit stays below it.
MOST_FILES = 4000

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_KNOWN = re.compile(
    r"run\.json|bake\.json|events\.jsonl|expectations\.json|runner\.log"
    rf"|{_PART}\.(?:rawjson|metadata\.json|log)|checks/{_PART}\.json"
)
_PIECE = 256 * 1024
# The earliest date of the zip format, so that the archive doesn't depend on the time of packing.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
# What the standard library raises for archives that are truncated, corrupt or forged.
_DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError),
)


# How a file is packed: from its name, its contents and their size to a file with new contents.
Rewrite = Callable[[str, BinaryIO, int], BinaryIO]


def packed_name(id: str) -> str:
    """Return the default name of a run's file."""
    return f"openhqm-run-{id}.zip"


def export_run(run: RunFolder, file: Path, rewrite: Rewrite | None = None) -> None:
    """Pack a run into a new file; of a running one, the complete lines so far.

    `rewrite` removes from its files what must not leave this machine.
    Raises UsageProblem if the file exists, or can't be written.
    """
    live = run.is_live()
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageProblem(f"{file} already exists", fix="choose another file name") from error
    except OSError as error:
        raise UsageProblem(f"can't write {file} ({error.strerror})") from error
    try:
        with os.fdopen(made, "wb") as out:
            _pack(run, out, rewrite or _as_it_is, whole_lines=live)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise UsageProblem(f"can't write {file} ({error.strerror or error})") from error
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def import_run(
    file: Path, state: Path, rewrite: Callable[[RunFolder], Rewrite] | None = None
) -> tuple[RunFolder, bool]:
    """Unpack a file among the runs of the state folder; return the run and whether it is new.

    `rewrite` is how a run that already exists would have been packed; such a run isn't changed.
    Raises UsageProblem for a file that isn't a complete export, and for another run of the same
    name; nothing is left behind then.
    """
    runs = runs_folder(state)
    try:
        make_private(runs)
        with tempfile.TemporaryDirectory(prefix="importing-", dir=state) as folder:
            new = unpack_run(file, Path(folder))
            there = RunFolder(runs / new.path.name)
            if os.path.lexists(there.path):
                if _same(new, there) or (rewrite and _same(new, there, rewrite(there))):
                    return there, False
                raise UsageProblem(
                    f"{file}: a different run named {there.path.name} already exists"
                )
            new.imported_file.touch(mode=0o600)
            new.path.rename(there.path)
            return there, True
    except OSError as error:
        raise UsageProblem(f"can't unpack into {runs} ({error.strerror or error})") from error


def unpack_run(file: Path, into: Path) -> RunFolder:
    """Unpack a file below the folder `into` and return the run folder, after checking it.

    Raises UsageProblem; the caller removes what was unpacked until then.
    """
    try:
        # Don't block on a FIFO that nobody writes to.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise zipfile.BadZipFile("not a regular file")
            with zipfile.ZipFile(opened) as archive:
                run = RunFolder(into / _checked(archive.infolist()))
                _unpack(archive, run.path)
            if run.info.id != run.path.name:
                raise zipfile.BadZipFile("run.json belongs to another run")
    except UsageProblem as problem:
        # The error names a temporary folder that the user doesn't know.
        what = problem.what.replace(f"{into}/", "")
        raise UsageProblem(f"{file}: {what}", fix=problem.fix) from problem
    except _DAMAGED as error:
        why = one_line(str(error) or type(error).__name__, 120)
        raise UsageProblem(f"{file} is not a complete exported run ({why})") from error
    except OSError as error:
        raise UsageProblem(f"can't read {file} ({error.strerror or error})") from error
    return run


def _pack(run: RunFolder, out: BinaryIO, rewrite: Rewrite, *, whole_lines: bool) -> None:
    # The events first: they refer to streams, which are read after them.
    names = ["run.json", "events.jsonl"]
    names += [name for name in _files_of(run) if name not in names]
    left = MOST_BYTES
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in names[:MOST_FILES]:
            entry = zipfile.ZipInfo(f"{run.info.id}/{name}", _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | 0o600) << 16
            with run.open(run.path / name) as source:
                size = os.fstat(source.fileno()).st_size
                if whole_lines and name.endswith((".jsonl", ".rawjson")):
                    size = _last_line_end(source, size)
                if name.endswith((".json", ".jsonl")) and size > MOST_READ_WHOLE:
                    # Reading it would be refused: it is redacted in memory.
                    raise UsageProblem(
                        f"can't export {run.path / name}: "
                        f"it is larger than {size_text(MOST_READ_WHOLE)}"
                    )
                left -= size
                if left < 0:
                    raise UsageProblem(
                        f"can't export run {run.path.name}: "
                        f"its logs are larger than {size_text(MOST_BYTES)}"
                    )
                packed = rewrite(name, source, size)
                if packed is not source:
                    size = packed.seek(0, os.SEEK_END)
                    packed.seek(0)
                entry.file_size = size
                with archive.open(entry, "w") as target:
                    _copy(packed, target, size)


def _as_it_is(_name: str, source: BinaryIO, _size: int) -> BinaryIO:
    return source


def _files_of(run: RunFolder) -> Iterator[str]:
    """Yield the names of the files to pack, in order, without links."""
    found = [*run.path.iterdir(), *(run.path / "checks").glob("*")]
    for path in sorted(found):
        name = path.relative_to(run.path).as_posix()
        if _KNOWN.fullmatch(name) and run.has(path):
            yield name


def _last_line_end(file: BinaryIO, size: int) -> int:
    """Return where the last complete line in the first `size` bytes ends."""
    end = size
    while end > 0:
        begin = max(0, end - _PIECE)
        file.seek(begin)
        newline = file.read(end - begin).rfind(b"\n")
        if newline >= 0:
            file.seek(0)
            return begin + newline + 1
        end = begin
    file.seek(0)
    return 0


def _checked(entries: list[zipfile.ZipInfo]) -> str:
    """Return the run's id if the entries are those of one run folder; raises BadZipFile."""
    names = [entry.filename for entry in entries]
    id = names[0].partition("/")[0] if names else ""
    if len(names) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise zipfile.BadZipFile("too large for a run")
    if not _ID.fullmatch(id) or len({name.lower() for name in names}) < len(names):
        raise zipfile.BadZipFile("unexpected layout")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        top, _, name = entry.filename.partition("/")
        if top != id or not _KNOWN.fullmatch(name) or kind not in {0, stat.S_IFREG}:
            word = one_line(entry.filename, 60)
            raise zipfile.BadZipFile(f"contains '{word}', which isn't part of a run")
        if name.endswith((".json", ".jsonl")) and entry.file_size > MOST_READ_WHOLE:
            raise zipfile.BadZipFile(f"{name} is too large for a run")
    if not {f"{id}/run.json", f"{id}/events.jsonl"} <= set(names):
        raise zipfile.BadZipFile("run.json or events.jsonl is missing")
    return id


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    for made in (folder, folder / "checks"):
        made.mkdir(mode=0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for entry in archive.infolist():
        target = folder / entry.filename.partition("/")[2]
        with (
            archive.open(entry) as source,
            os.fdopen(os.open(target, flags, 0o600), "wb") as out,
        ):
            # Never read more than the declared size that was counted; a longer entry is corrupt.
            _copy(source, out, entry.file_size)


def _copy(source: object, target: object, size: int) -> None:
    while size > 0:
        piece = source.read(min(size, _PIECE))  # type: ignore[attr-defined]
        if not piece:
            raise zipfile.BadZipFile("a file is shorter than declared")
        target.write(piece)  # type: ignore[attr-defined]
        size -= len(piece)


def _same(one: RunFolder, other: RunFolder, rewrite: Rewrite = _as_it_is) -> bool:
    names = list(_files_of(one))
    try:
        if names != list(_files_of(other)):
            return False
        return all(_equal(one, other, name, rewrite) for name in names)
    except OSError:
        return False


def _equal(one: RunFolder, other: RunFolder, name: str, rewrite: Rewrite) -> bool:
    with one.open(one.path / name) as first, other.open(other.path / name) as source:
        second = rewrite(name, source, os.fstat(source.fileno()).st_size)
        while True:
            piece = first.read(_PIECE)
            if piece != second.read(_PIECE):
                return False
            if not piece:
                return True
