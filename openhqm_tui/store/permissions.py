"""Remembered permissions: each for one folder and one definition in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.permissions import Permission, parse_permission
from openhqm_tui.files.replace import replace_file


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What was allowed in a folder, for the definition with this digest; `at` in epoch seconds."""

    folder: str
    digest: str
    allow: tuple[str, ...]
    at: float = 0.0


def remembered(state: Path, folder: str, digest: str) -> tuple[Permission, ...]:
    """Return what is allowed in a folder for this definition."""
    found = (one for one in all_remembered(state) if (one.folder, one.digest) == (folder, digest))
    return tuple(
        permission for one in found for text in one.allow for permission in _readable(text)
    )


def all_remembered(state: Path) -> list[Remembered]:
    """Return all remembered permissions; an entry that can't be read grants nothing."""
    try:
        return msgspec.json.decode(_file(state).read_bytes(), type=list[Remembered])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return []


def remember(state: Path, new: Remembered) -> None:
    """Add what was allowed; this replaces the permissions for an earlier definition.

    Raises UsageProblem if it can't be written.
    """
    with _held(state):
        others = [one for one in all_remembered(state) if one.folder != new.folder]
        same = [
            text
            for one in all_remembered(state)
            if (one.folder, one.digest) == (new.folder, new.digest)
            for text in one.allow
        ]
        allow = tuple(dict.fromkeys((*same, *new.allow)))
        _write(state, [*others, msgspec.structs.replace(new, allow=allow)])


def forget(state: Path, folder: str | None) -> list[Remembered]:
    """Forget the permissions of a folder (None: of all folders); return them."""
    with _held(state):
        known = all_remembered(state)
        gone = [one for one in known if folder in {None, one.folder}]
        if gone:
            _write(state, [one for one in known if one not in gone])
    return gone


def _readable(text: str) -> tuple[Permission, ...]:
    try:
        return parse_permission(text)
    except Problem:
        return ()


def _file(state: Path) -> Path:
    return state / "permissions.json"


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Lock the list, so that two concurrent additions are both kept."""
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(state / "permissions.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageProblem(f"can't write to {state} ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(state: Path, all_: list[Remembered]) -> None:
    file = _file(state)
    try:
        replace_file(file, msgspec.json.format(msgspec.json.encode(all_), indent=2) + b"\n")
    except OSError as error:
        raise UsageProblem(f"can't write {file} ({error.strerror})") from error
