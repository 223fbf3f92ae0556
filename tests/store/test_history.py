"""The history database: reading back, concurrent access, and damage."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.history.record import RunRecord, record_of
from openhqm_tui.store.history import database
from openhqm_tui.store.history.database import (
    History,
    HistoryDamaged,
    HistoryProblem,
    history_file,
    set_aside,
)
from openhqm_tui.store.history.rows import SAMPLES, Origin
from tests.recordings import NAMES, recording, state_of


def record(name: str = "checked", **more: Any) -> RunRecord:
    return msgspec.structs.replace(record_of(state_of(recording(name))), **more)


def origin(run: RunRecord) -> Origin:
    return Origin(run.source, run.context, run.dockerfile, run.host)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_read_back_unchanged(tmp_path: Path, name: str) -> None:
    run = record(name)
    with History(tmp_path) as history:
        history.put(run, 7)
    with History(tmp_path) as history:
        assert history.run(run.id) == run
        assert history.sizes() == {run.id: 7}
        assert history.run("another") is None


def test_runs_are_listed_with_their_lanes_latest_first(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for number in (2, 3, 1):
            history.put(record(id=f"run-{number}", created=float(number)), 1)
        assert [run.id for run in history.runs()] == ["run-3", "run-2", "run-1"]
        (run,) = history.runs(1)
    whole = record()
    assert [t.name for t in run.targets] == [t.name for t in whole.targets]
    lane, wanted = run.targets[0].lanes[0], whole.targets[0].lanes[0]
    assert (lane.size, lane.seconds, lane.clients) == (wanted.size, wanted.seconds, wanted.clients)
    assert (run.targets[0].steps, lane.verdicts) == ((), ())


@pytest.mark.parametrize(("size", "status"), [(9, "passed"), (10, "failed"), (11, "failed")])
def test_a_more_complete_record_replaces_an_older_one(
    tmp_path: Path, size: int, status: str
) -> None:
    with History(tmp_path) as history:
        history.put(record(status="passed"), 10)
        history.put(record(status="failed"), size)
        assert [run.status for run in history.runs()] == [status]


def test_only_the_owner_may_read_the_history(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
        files = [file for file in tmp_path.iterdir() if file.is_file()]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


# -- samples ------------------------------------------------------------------------------------


def test_warm_builds_do_not_displace_a_cold_one(tmp_path: Path) -> None:
    cold, warm = record("cold"), record("warm")
    same = dict(zip(Origin._fields, origin(warm), strict=True))
    with History(tmp_path) as history:
        history.put(msgspec.structs.replace(cold, created=1.0, **same), 1)
        for number in range(SAMPLES + 5):
            history.put(record("warm", id=f"warm-{number}", created=2.0 + number), 1)
        found = history.samples(origin(warm), ["redis", "minimal"])
    redis = sorted((s.at for s in found if s.kind.variant == "redis"), reverse=True)
    assert redis == [*(2.0 + SAMPLES + 4 - number for number in range(SAMPLES)), 1.0]
    assert {s.kind.variant for s in found} == {"redis", "minimal"}
    # The cold run had eight targets, of which two are requested.
    assert {s.kind.concurrency for s in found if s.at == 1.0} == {8}
    assert all(s.steps for s in found)


@pytest.mark.parametrize(
    "other", [{"imported": True}, {"context": "/elsewhere"}, {"host": "linux/arm64"}]
)
def test_runs_of_another_kind_give_no_samples(tmp_path: Path, other: dict[str, Any]) -> None:
    with History(tmp_path) as history:
        history.put(record(**other), 1)
        assert history.samples(origin(record()), ["redis"]) == []


def test_without_variants_there_are_no_samples(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
        assert history.samples(origin(record()), []) == []


# -- several processes --------------------------------------------------------------------------


def _write_records(state: Path, writer: int) -> None:
    with History(state, patience=60) as history:
        for number in range(5):
            history.put(record("emulated", id=f"{writer}-{number}"), 1)


def test_several_processes_write_concurrently(tmp_path: Path) -> None:
    """The first process creates the tables, the others find them."""
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_write_records, tmp_path, writer) for writer in range(3)]:
            done.result()
    with History(tmp_path) as history:
        assert len(history.runs()) == 15
    connection = sqlite3.connect(history.path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_reading_never_waits_for_a_writer(tmp_path: Path) -> None:
    with History(tmp_path) as history, History(tmp_path, patience=0) as reader:
        history.put(record(), 1)
        writer = sqlite3.connect(history.path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM runs")
        assert len(reader.runs()) == 1
        with pytest.raises(HistoryProblem, match="locked by another process"):
            reader.put(record(), 2)
        writer.execute("ROLLBACK")
        writer.close()
        reader.put(record(), 2)


# -- errors -------------------------------------------------------------------------------------


def _change_connections(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[sqlite3.Connection], object]
):
    """Apply a change to every connection of the history."""
    connect = sqlite3.connect

    def connected(path: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path, **options)
        change(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)


def test_a_full_disk_is_reported_and_nothing_is_lost(tmp_path: Path, monkeypatch) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
    pages = sqlite3.connect(history.path).execute("PRAGMA page_count").fetchone()[0]
    with monkeypatch.context() as full:
        _change_connections(full, lambda c: c.execute(f"PRAGMA max_page_count = {pages}"))
        with History(tmp_path) as history:
            with pytest.raises(HistoryProblem, match="the disk is full"):
                history.put(record("cold"), 1)
            assert [run.id for run in history.runs()] == [record().id]
    with History(tmp_path) as history:
        history.put(record("cold"), 1)
        assert len(history.runs()) == 2


def test_a_read_only_history_is_reported(tmp_path: Path, monkeypatch) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
    _change_connections(monkeypatch, lambda c: c.execute("PRAGMA query_only = ON"))
    with History(tmp_path) as history:
        assert len(history.runs()) == 1
        with pytest.raises(HistoryProblem, match="read-only"):
            history.put(record(), 2)
        with pytest.raises(HistoryProblem, match="read-only"):
            history.could_write()


def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    history_file(tmp_path).mkdir()
    with pytest.raises(HistoryProblem, match=r"can't be opened \(Is a directory\)"):
        History(tmp_path)


def test_a_newer_history_is_not_changed(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
    connection = sqlite3.connect(history.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = history.path.read_bytes()
    with pytest.raises(HistoryProblem, match=r"newer version of openhqm-tui.*upgrade"):
        History(tmp_path)
    assert history.path.read_bytes() == before


def _no_database(path: Path) -> None:
    path.write_bytes(b"this was never a database" * 1000)


def _overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(512))


def _without_a_table(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE runs")
    connection.close()


def _nonsense_inside(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE runs SET summary = 'no JSON'")
    connection.commit()
    connection.close()


def _use(state: Path) -> None:
    with History(state) as history:
        history.runs()
        history.put(record("cold"), 2)


@pytest.mark.parametrize("damage", [_no_database, _overwritten, _without_a_table, _nonsense_inside])
def test_damage_is_recognized(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with History(tmp_path) as history:
        history.put(record("cold"), 1)
    damage(history.path)
    with pytest.raises(HistoryDamaged, match="is corrupt"):
        _use(tmp_path)


def test_a_damaged_history_is_set_aside_once(tmp_path: Path) -> None:
    file = history_file(tmp_path)
    _no_database(file)
    before = file.read_bytes()
    with pytest.raises(HistoryDamaged) as damage:
        History(tmp_path)
    aside = set_aside(tmp_path, damage.value)
    assert aside is not None
    assert aside.read_bytes() == before
    assert not file.exists()
    with History(tmp_path) as history:
        history.put(record(), 1)
    # A second process that saw the damage comes later: the new, intact file is kept.
    assert set_aside(tmp_path, damage.value) is None
    with History(tmp_path) as history:
        assert len(history.runs()) == 1


def test_a_number_out_of_range_is_refused(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.put(record(), 1)
        with pytest.raises(HistoryProblem, match="out of range") as trouble:
            history.put(record(id="other", jobs=10**30), 1)
        assert not isinstance(trouble.value, HistoryDamaged)
        assert [run.id for run in history.runs()] == [record().id]


# -- migrations ---------------------------------------------------------------------------------


def _older(tmp_path: Path, monkeypatch, *steps: str) -> None:
    """Create a current history and pretend that later versions added migration `steps`."""
    with History(tmp_path) as history:
        history.put(record(), 1)
    later = (*database.MIGRATIONS, *steps)
    monkeypatch.setattr(database, "MIGRATIONS", later)


def test_an_older_history_is_migrated(tmp_path: Path, monkeypatch) -> None:
    more = "CREATE TABLE more (a TEXT); ALTER TABLE runs ADD COLUMN b TEXT NOT NULL DEFAULT 'c'"
    _older(tmp_path, monkeypatch, more, "INSERT INTO more VALUES ('d')")
    with History(tmp_path) as history:
        assert history.run(record().id) == record()
    connection = sqlite3.connect(history.path)
    assert connection.execute("SELECT a FROM more").fetchall() == [("d",)]
    assert connection.execute("SELECT b FROM runs").fetchall() == [("c",)]
    version = len(database.MIGRATIONS)
    assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    connection.close()


def test_a_failed_migration_changes_nothing(tmp_path: Path, monkeypatch) -> None:
    _older(tmp_path, monkeypatch, "CREATE TABLE more (a TEXT); INSERT INTO nowhere VALUES (1)")
    with pytest.raises(HistoryProblem):
        History(tmp_path)
    connection = sqlite3.connect(history_file(tmp_path))
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "runs" in names
    assert "more" not in names
