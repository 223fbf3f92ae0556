"""The history: a record of every run, in one SQLite database in the state folder.

It is kept after the run folders are removed, and can be rebuilt from those that exist. Several
processes may use it concurrently: readers never wait, writers wait for each other a few seconds.

`user_version` is the number of steps of MIGRATIONS applied to a database. A released step is
never changed: changes are new steps.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import msgspec

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.history.estimate import Sample
from openhqm_tui.domain.history.record import RunRecord
from openhqm_tui.store.history import rows
from openhqm_tui.store.paths import upgrade_command

# Texts that repeat in many runs (labels, digests, instructions) are stored once, in `texts`.
_FIRST = """
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    created REAL NOT NULL,
    status TEXT NOT NULL,
    seconds REAL NOT NULL,
    last REAL NOT NULL,
    version TEXT NOT NULL,
    engine TEXT NOT NULL,
    buildx TEXT NOT NULL,
    builder TEXT NOT NULL,
    host TEXT NOT NULL,
    base TEXT NOT NULL,
    source TEXT NOT NULL,
    context TEXT NOT NULL,
    dockerfile TEXT NOT NULL,
    revision TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    "check" INTEGER NOT NULL,
    push INTEGER NOT NULL,
    test_only INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    resumable INTEGER NOT NULL,
    ended_targets TEXT NOT NULL,
    -- The bytes of events.jsonl that it was read from: if there are more, it is read again.
    events_size INTEGER NOT NULL,
    -- What the list of runs shows of it and its lanes, as JSON: one row to read and not dozens.
    summary BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (created);
CREATE TABLE targets (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    variant TEXT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,
    build_seconds REAL NOT NULL,
    seconds REAL NOT NULL,
    reason TEXT NOT NULL,
    pushed TEXT NOT NULL,
    steps INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) WITHOUT ROWID;
CREATE INDEX targets_by_variant ON targets (variant, outcome);
CREATE TABLE lanes (
    run TEXT NOT NULL,
    target INTEGER NOT NULL,
    place INTEGER NOT NULL,
    platform TEXT NOT NULL,
    status TEXT NOT NULL,
    how TEXT NOT NULL,
    node TEXT NOT NULL,
    seconds REAL NOT NULL,
    check_seconds REAL NOT NULL,
    emulated INTEGER,
    cut_off INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    unpacked INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    clients TEXT NOT NULL,
    PRIMARY KEY (run, target, place),
    FOREIGN KEY (run, target) REFERENCES targets (run, place) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE steps (
    run TEXT NOT NULL,
    target INTEGER NOT NULL,
    place INTEGER NOT NULL,
    label INTEGER NOT NULL REFERENCES texts (id),
    platform TEXT NOT NULL,
    how TEXT NOT NULL,
    cached INTEGER NOT NULL,
    "start" REAL NOT NULL,
    "end" REAL NOT NULL,
    on_path INTEGER NOT NULL,
    PRIMARY KEY (run, target, place),
    FOREIGN KEY (run, target) REFERENCES targets (run, place) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE layers (
    run TEXT NOT NULL,
    target INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    place INTEGER NOT NULL,
    digest INTEGER NOT NULL REFERENCES texts (id),
    size INTEGER NOT NULL,
    created_by INTEGER NOT NULL REFERENCES texts (id),
    PRIMARY KEY (run, target, lane, place),
    FOREIGN KEY (run, target, lane) REFERENCES lanes (run, target, place) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE packages (
    run TEXT NOT NULL,
    target INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (run, target, lane, name),
    FOREIGN KEY (run, target, lane) REFERENCES lanes (run, target, place) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE verdicts (
    run TEXT NOT NULL,
    target INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    place INTEGER NOT NULL,
    "check" TEXT NOT NULL,
    answer TEXT NOT NULL,
    how TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (run, target, lane, place),
    FOREIGN KEY (run, target, lane) REFERENCES lanes (run, target, place) ON DELETE CASCADE
) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many steps of MIGRATIONS were applied to a database."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing steps, all or none; raises sqlite3.Error.

    Several processes may try at once: the first one migrates, the others find it done.
    """
    if version_of(connection) >= len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version_of(connection), len(MIGRATIONS)):
            # Not `executescript`: that would end the transaction.
            for statement in filter(str.strip, MIGRATIONS[number].split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled it back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


# Seconds that a writer waits for another one.
PATIENCE = 5.0


class HistoryProblem(Problem):
    """The history can't be read or written; builds continue without it."""


class RunUnfit(HistoryProblem):
    """One run can't be added; the history and the other runs aren't affected."""


class HistoryDamaged(HistoryProblem):
    """The file is no longer a valid history; `inode` identifies the file."""

    inode = 0


def history_file(state: Path) -> Path:
    """Return the path of the history, whether or not it exists."""
    return state / "history.db"


class History:
    """The open history of a state folder; every method raises HistoryProblem. Blocks."""

    def __init__(
        self, state: Path, *, patience: float = PATIENCE, path: Path | None = None
    ) -> None:
        self.path = path or history_file(state)
        with self._troubles():
            self._connection = self._open(patience)

    def _open(self, patience: float) -> sqlite3.Connection:
        # Created with access for its owner only.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._inode = os.fstat(descriptor).st_ino
        os.close(descriptor)
        connection = sqlite3.connect(self.path, timeout=patience, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if version_of(connection) > len(MIGRATIONS):
                raise HistoryProblem(
                    f"the history {self.path} was written by a newer version of openhqm-tui and "
                    "can't be used by this one",
                    fix=f"upgrade with `{upgrade_command()}`",
                )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> History:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def put(self, record: RunRecord, events_size: int) -> None:
        """Add a run as it is now, unless a later state of it is already there."""
        with self._troubles(), self._transaction():
            rows.put(self._connection, record, events_size)

    def could_write(self) -> None:
        """Raise HistoryProblem if nothing can be written."""
        with self._troubles(), self._transaction():
            # An actual write: a full or read-only disk shows only then.
            version = version_of(self._connection)
            self._connection.execute(f"PRAGMA user_version = {version}")

    def sizes(self) -> dict[str, int]:
        """Return the runs in the history, and the size of the events that each was read from."""
        with self._troubles():
            return dict(self._connection.execute("SELECT id, events_size FROM runs"))

    def runs(self, limit: int = -1) -> list[RunRecord]:
        """Return the latest runs, latest first, with their lanes but without lane details."""
        with self._troubles():
            return rows.runs(self._connection, limit)

    def run(self, id: str) -> RunRecord | None:
        """Return one run with all details."""
        with self._troubles():
            return rows.whole_run(self._connection, id)

    def samples(self, place: rows.Origin, variants: Collection[str]) -> list[Sample]:
        """Return samples of some variants from past runs at a place; see `history_rows.samples`."""
        with self._troubles():
            return rows.samples(self._connection, place, variants)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Describe an error of SQLite or the disk in one line."""
        try:
            yield
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            problem = _problem(self.path, error)
            if isinstance(problem, HistoryDamaged):
                problem.inode = self._inode
            raise problem from error
        except OverflowError as error:
            # From an imported run: our own numbers are never that large.
            raise RunUnfit("a value in this run is out of range") from error
        except UnicodeEncodeError as error:
            # A folder's name may be any bytes.
            raise RunUnfit("the run's name isn't valid UTF-8") from error
        except OSError as error:
            raise HistoryProblem(
                f"the history {self.path} can't be opened ({error.strerror or error})"
            ) from error


def _problem(path: Path, error: sqlite3.Error | msgspec.MsgspecError) -> HistoryProblem:
    if isinstance(error, msgspec.MsgspecError):
        return HistoryDamaged(f"the history {path} is corrupt ({error})")
    # The low byte is the kind, the rest the cause.
    match (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return HistoryProblem(f"the history {path} is locked by another process")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return HistoryDamaged(f"the history {path} is corrupt")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return HistoryProblem(f"the history {path} can't be written (read-only)")
        case sqlite3.SQLITE_FULL:
            return HistoryProblem(f"the history {path} can't be written (the disk is full)")
    if "no such table" in str(error) or "no such column" in str(error):
        return HistoryDamaged(f"the history {path} is corrupt ({error})")
    return HistoryProblem(f"the history {path} can't be used ({error})")


def set_aside(state: Path, damage: HistoryDamaged) -> Path | None:
    """Rename a corrupt history, so that a new one can be started; return the new name.

    None if another process has already done so. Raises HistoryProblem.
    """
    path = history_file(state)
    try:
        lock = os.open(state / "history.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HistoryProblem(f"{damage.what}, and can't be replaced ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or path.stat().st_ino != damage.inode:
            return None
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        # The log first: a new history must never use the old one's.
        for ending in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise HistoryProblem(f"{damage.what}, and can't be replaced ({error.strerror})") from error
    finally:
        os.close(lock)
    return aside
