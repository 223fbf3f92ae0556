"""The tables of the history and their migrations.

`user_version` is the number of steps of MIGRATIONS applied to a database. A released step is
never changed: changes are new steps.
"""

from __future__ import annotations

import sqlite3

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
