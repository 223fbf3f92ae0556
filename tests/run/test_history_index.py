"""Runs are added to the history at their end or later; a damaged history doesn't affect builds."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.history_index import (
    Indexed,
    check_readable,
    index_missing,
    remember,
    remembered,
    samples_for,
)
from openhqm_tui.store.history.database import History, history_file
from openhqm_tui.store.history.rows import Origin
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.fake_docker import FakeDocker
from tests.recordings import copied, recording
from tests.run.runs import execute_again, executed, prepared, runner_process
from tests.store.test_history import _no_database, _overwritten
from tests.waiting import until


def kept(state: Path, name: str, as_: str = "") -> RunFolder:
    """Copy a recorded run into a state folder."""
    return copied(name, runs_folder(state) / (as_ or recording(name).info.id))


def indexed_runs(state: Path) -> set[str]:
    with History(state) as history:
        return set(history.sizes())


# -- reading the folders ----------------------------------------------------------------------


def test_missing_runs_are_indexed_once(tmp_path: Path) -> None:
    names = {kept(tmp_path, name).path.name for name in ("warm", "failed")}
    assert index_missing(tmp_path) == Indexed(2, [])
    assert index_missing(tmp_path) == Indexed(0, [])
    names.add(kept(tmp_path, "checked").path.name)
    assert index_missing(tmp_path) == Indexed(1, [])
    assert indexed_runs(tmp_path) == names
    assert index_missing(tmp_path, anew=True) == Indexed(3, [])


def test_a_continued_run_is_indexed_again(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    index_missing(tmp_path)
    folder.append(journal.RunStarted(at=2e9, pid=1))
    folder.append(journal.RunEnded(at=2e9 + 5, outcome=Outcome.CANCELLED))
    assert index_missing(tmp_path) == Indexed(1, [])
    assert [run.status for run in remembered(tmp_path).runs] == ["cancelled"]


def test_a_live_run_is_indexed_after_its_end(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    lock = folder.lock()
    events = folder.events_file.read_bytes()
    folder.events_file.write_bytes(b"\n".join(events.split(b"\n")[:3]) + b"\n")
    assert index_missing(tmp_path) == Indexed(0, [])
    found = remembered(tmp_path)
    assert found.live == {folder.path.name}
    assert not indexed_runs(tmp_path)
    assert [run.status for run in found.runs] == ["running"]
    os.close(lock)
    # Its runner died.
    assert [run.status for run in remembered(tmp_path).runs] == ["interrupted"]


def test_the_history_outlives_the_folders(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    index_missing(tmp_path)
    shutil.rmtree(folder.path)
    found = remembered(tmp_path)
    assert ([run.id for run in found.runs], found.folders) == ([folder.path.name], {})


def test_an_unreadable_run_is_reported_and_hides_no_other(tmp_path: Path) -> None:
    kept(tmp_path, "checked")
    broken = kept(tmp_path, "warm", "20990101-000000-aaaa")
    broken.info_file.write_text("{")
    indexed = index_missing(tmp_path)
    assert (indexed.read, [name for name, _ in indexed.unread]) == (1, [broken.path.name])
    assert len(remembered(tmp_path).runs) == 1


def test_a_run_the_history_cannot_store_hides_no_other(tmp_path: Path) -> None:
    kept(tmp_path, "checked")
    theirs = kept(tmp_path, "warm", "20990101-000000-aaaa")
    info = json.loads(theirs.info_file.read_bytes())
    theirs.info_file.write_text(json.dumps({**info, "jobs": 10**30}))
    indexed = index_missing(tmp_path)
    assert (indexed.read, [name for name, _ in indexed.unread]) == (1, [theirs.path.name])
    assert remembered(tmp_path).problem == ""
    assert remember(theirs) == "a value in this run is out of range"


def test_a_run_whose_name_is_not_valid_utf8_hides_no_other(tmp_path: Path) -> None:
    mine = kept(tmp_path, "checked")
    theirs = kept(tmp_path, "warm", os.fsdecode(b"2099\xff"))
    indexed = index_missing(tmp_path)
    assert indexed == Indexed(1, [(theirs.path.name, "the run's name isn't valid UTF-8")])
    assert [run.id for run in remembered(tmp_path).runs] == [mine.path.name]


def test_imported_runs_are_listed_but_not_used_for_estimates(tmp_path: Path) -> None:
    mine = kept(tmp_path, "warm")
    theirs = kept(tmp_path, "warm", "20990101-000000-aaaa")
    theirs.imported_file.touch()
    info = mine.info
    kind = Origin(info.source, info.context, info.dockerfile, info.host)
    assert samples_for(tmp_path, kind, ["redis"]) == []
    assert {run.id for run in remembered(tmp_path).runs} == {mine.path.name, theirs.path.name}
    assert len(samples_for(tmp_path, kind, ["redis"])) == 1
    shutil.rmtree(mine.path)
    history_file(tmp_path).unlink()
    remembered(tmp_path)
    assert samples_for(tmp_path, kind, ["redis"]) == []


def test_installed_packages_are_read_from_the_evidence(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    index_missing(tmp_path)
    with History(tmp_path) as history:
        run = history.run(folder.path.name)
    assert run is not None
    packages = {t.name: t.lanes[0].packages for t in run.targets}
    assert packages["redis"]["redis"][0].isdigit()
    assert packages["minimal"]["python"].startswith("3.13")


# -- secrets ----------------------------------------------------------------------------------

TOKEN = "ghp_" + "a1B2c3D4" * 5
PASSWORD = "correct-horse-battery"


def test_no_secret_gets_into_the_database(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    bake = json.loads(folder.bake_file.read_bytes())
    next(iter(bake["target"].values())).setdefault("args", {})["DB_PASSWORD"] = PASSWORD
    folder.bake_file.write_text(json.dumps(bake))
    for file in [*folder.path.glob("*.rawjson"), folder.events_file, folder.info_file]:
        text = file.read_text()
        text = text.replace("COPY --link", f"COPY --token {TOKEN} {PASSWORD} --link")
        text = text.replace("openhqm-base:", f"{PASSWORD}/openhqm-base:")
        text = text.replace("CPython", f"AUTH_TOKEN={TOKEN}")
        file.write_text(text)
    assert TOKEN in (folder.path / "redis.rawjson").read_text()
    assert index_missing(tmp_path) == Indexed(1, [])
    with History(tmp_path) as history:
        run = history.run(folder.path.name)
        assert run is not None
        assert any("--token ***" in step.label for step in run.targets[0].steps)
        kept_bytes = b"".join(f.read_bytes() for f in tmp_path.iterdir() if f.is_file())
    for secret in (TOKEN, TOKEN[:14], PASSWORD):
        assert secret.encode() not in kept_bytes
        assert secret not in msgspec.json.encode(run).decode()


def test_secrets_in_a_dockerfile_stay_out_of_the_database(tmp_path: Path) -> None:
    """BuildKit puts values of variables into step names, and the Dockerfile into warnings."""
    folder = kept(tmp_path, "checked")
    dockerfile = base64.b64encode(f"ENV DB_PASSWORD={PASSWORD}".encode()).decode()
    warning = {"warnings": [{"vertex": "a", "sourceInfo": {"data": dockerfile}}]}
    for file in folder.path.glob("*.rawjson"):
        text = file.read_text().replace("COPY --link", f"COPY {PASSWORD} --link")
        file.write_text(f"{json.dumps(warning)}\n{text}")
    assert index_missing(tmp_path) == Indexed(1, [])
    kept_bytes = b"".join(f.read_bytes() for f in tmp_path.iterdir() if f.is_file())
    assert b"COPY *** --link" in kept_bytes
    assert PASSWORD.encode() not in kept_bytes


# -- damage -----------------------------------------------------------------------------------


def test_a_damaged_history_is_set_aside_and_rebuilt(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    index_missing(tmp_path)
    _no_database(history_file(tmp_path))
    notes: list[str] = []
    index_missing(tmp_path, say=notes.append)
    assert indexed_runs(tmp_path) == {folder.path.name}
    (aside,) = tmp_path.glob("history.db.damaged-*")
    assert notes == [
        f"the history {history_file(tmp_path)} is corrupt; the file was renamed to "
        f"{aside.name}, and the history was rebuilt from the run folders"
    ]


def test_readable_records_of_a_damaged_history_are_kept(tmp_path: Path) -> None:
    """The summary of the run is invalid and its folder is gone, but its other rows are intact."""
    folder = kept(tmp_path, "checked")
    index_missing(tmp_path)
    with History(tmp_path) as history:
        before = history.run(folder.path.name)
    shutil.rmtree(folder.path)
    connection = sqlite3.connect(history_file(tmp_path))
    connection.execute("UPDATE runs SET summary = 'no JSON'")
    connection.commit()
    connection.close()
    found = remembered(tmp_path)
    assert [run.id for run in found.runs] == [folder.path.name]
    with History(tmp_path) as history:
        saved = history.run(folder.path.name)
    assert saved == before
    assert before is not None
    assert list(tmp_path.glob("history.db.damaged-*"))


def test_without_a_usable_history_the_run_folders_are_read(tmp_path: Path) -> None:
    folder = kept(tmp_path, "checked")
    history_file(tmp_path).mkdir()
    found = remembered(tmp_path)
    assert [run.id for run in found.runs] == [folder.path.name]
    assert found.runs[0].targets[0].lanes[0].status == "passed"
    assert "can't be opened" in found.problem


# -- the end of a run -------------------------------------------------------------------------


def test_a_run_is_in_the_history_when_its_runner_exits(docker: FakeDocker) -> None:
    docker.target("redis", {"stream": "checked/redis"})
    with runner_process(prepared("redis")) as (watch, _):
        watch_end(watch)
        state = ready_state_folder()
        until(lambda: indexed_runs(state) == {watch.name}, "the run is in the history")
    with History(state) as history:
        run = history.run(watch.name)
    assert run is not None
    assert (run.status, [lane.size for lane in run.targets[0].lanes]) == ("passed", [1000, 1000])
    assert run.targets[0].steps


def watch_end(watch) -> None:
    until(lambda: watch.has(journal.RunEnded), "the run ends")


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "note"),
    [
        (_newer, "was written by a newer version of openhqm-tui"),
        (_a_folder, "can't be opened (Is a directory)"),
        (_no_database, "is corrupt"),
        (_overwritten, "is corrupt"),
    ],
)
async def test_an_unusable_history_does_not_affect_a_build(
    docker: FakeDocker, damage: Callable[[Path], None], note: str
) -> None:
    state = ready_state_folder()
    with History(state):
        pass
    kept(state, "cold")
    index_missing(state)
    damage(history_file(state))
    watch = await executed(prepared("redis"))
    assert watch.status is Status.PASSED
    if damage is not _overwritten:  # goes unnoticed if no overwritten page is read
        assert [text for text in watch.follower.state.notes if note in text]
    assert isinstance(watch.events[-1], journal.RunEnded)
    remember(watch.folder)
    # Even then, the run is read from its folder.
    assert watch.name in {run.id for run in remembered(state).runs}


async def test_a_locked_history_does_not_delay_the_run(docker: FakeDocker) -> None:
    state = ready_state_folder()
    with History(state) as history:
        other = sqlite3.connect(history.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    watch = await executed(prepared("redis"))
    assert watch.status is Status.PASSED
    (note,) = [text for text in watch.follower.state.notes if "history" in text]
    assert "is locked by another process; the run continues" in note
    assert indexed_runs(state) == set()
    other.execute("ROLLBACK")
    other.close()
    assert check_readable(state) == ""
    assert index_missing(state) == Indexed(1, [])
    assert indexed_runs(state) == {watch.name}


async def test_a_resumed_run_is_indexed_again(docker: FakeDocker) -> None:
    docker.target("redis", {"exit": 1})
    watch = await executed(prepared("redis"))
    state = ready_state_folder()
    assert remember(watch.folder) == ""
    assert [run.status for run in remembered(state).runs] == ["failed"]
    docker.target("redis", {})
    from openhqm_tui.store.run_folder import Request

    watch.folder.append_request(Request("retry", "redis"))
    await execute_again(watch.folder)
    assert [run.status for run in remembered(state).runs] == ["passed"]
