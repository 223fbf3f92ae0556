"""Open files below a folder that a stranger may have written, without leaving it by a link.

The kernel's RESOLVE_BENEATH in portable steps: every part of a path is opened below the descriptor
of the part before it. Links are followed as far as they stay inside. Only regular files are read:
a FIFO would block, and /dev/zero has no end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# O_PATH needs no permission to list the folder; macOS doesn't have it.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
# If a FIFO or a terminal replaces the file after the check, it must not block or become ours.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 40


def read_inside(folder: Path, name: str, most: int, *, links: bool = True) -> bytes:
    """Return the contents of a regular file below `folder`; raises OSError, also above `most`."""
    with os.fdopen(open_inside(folder, name, links=links), "rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {_size(most)}", str(folder / name))
    return data


def open_inside(folder: Path, name: str, *, links: bool = True) -> int:
    """Open a regular file below `folder` for reading and return its descriptor; raises OSError.

    Without `links`, none is followed, wherever it leads.
    """
    file = folder / name
    inside = [os.open(folder, _FOLDER)]
    try:
        todo = _parts(name)
        followed = 0
        while todo:
            part = todo.pop()
            if part == "..":
                if len(inside) == 1:
                    raise _outside(file)
                os.close(inside.pop())
                continue
            mode = os.stat(part, dir_fd=inside[-1], follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                followed += 1
                if not links:
                    raise OSError(errno.ELOOP, "links are not followed", str(file))
                if followed > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(file))
                target = os.readlink(part, dir_fd=inside[-1])
                if target.startswith("/"):
                    target = _from_top(folder, target, file)
                    while len(inside) > 1:
                        os.close(inside.pop())
                todo += _parts(target)
            elif stat.S_ISDIR(mode):
                inside.append(os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=inside[-1]))
            elif todo:
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(file))
            else:
                return _regular(part, os.O_RDONLY, inside[-1], file)
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    finally:
        for descriptor in inside:
            os.close(descriptor)


def open_to_write(folder: Path, name: str, *, empty: bool = False) -> int:
    """Open a file below `folder` for appending, without following any link; raises OSError.

    It is created if it doesn't exist; with `empty` it is truncated.
    """
    file = folder / name
    last, *above = _parts(name)
    inside = os.open(folder, _FOLDER)
    try:
        for part in reversed(above):
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=inside)
            os.close(inside)
            inside = below
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        descriptor = _regular(last, flags, inside, file)
    finally:
        os.close(inside)
    if empty:
        os.ftruncate(descriptor, 0)
    return descriptor


def resolved_inside(folder: Path, path: str | Path) -> Path | None:
    """Return where a path relative to `folder` leads, with links resolved; None if outside."""
    try:
        top = folder.resolve()
        place = (top / path).resolve()
    except (OSError, RuntimeError, ValueError):
        return None  # links in a circle, or no path at all
    return place if place.is_relative_to(top) else None


def _parts(name: str) -> list[str]:
    """Return the parts of a path in reverse order."""
    try:
        usable = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise OSError(errno.EINVAL, "not a valid file name", repr(name))
    if name.startswith("/"):
        raise OSError(errno.EXDEV, "not a path inside the folder", name)
    return [part for part in reversed(name.split("/")) if part not in {"", "."}]


def _from_top(folder: Path, target: str, file: Path) -> str:
    """Return an absolute link's target as seen from the folder; raises if it isn't below it."""
    top = folder.resolve()
    for start in (top, folder.absolute()):
        if Path(target).is_relative_to(start):
            return Path(target).relative_to(start).as_posix()
    raise _outside(file)


def _regular(name: str, flags: int, folder: int, file: Path) -> int:
    descriptor = -1
    try:
        # Checked before it is opened: opening some devices has side effects.
        if not flags & os.O_CREAT or _is_there(name, folder):
            _judge(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode, file)
        descriptor = os.open(name, flags | _FILE, 0o600, dir_fd=folder)
        _judge(os.fstat(descriptor).st_mode, file)
    except OSError:
        if descriptor >= 0:
            os.close(descriptor)
        raise
    return descriptor


def _is_there(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _judge(mode: int, file: Path) -> None:
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "links are not followed", str(file))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(file))


def _outside(file: Path) -> OSError:
    return OSError(errno.EXDEV, "a link that points outside its folder", str(file))


def _size(most: int) -> str:
    return f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most // 1000} kB"
