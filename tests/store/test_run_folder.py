"""Run folders: atomic creation, the lock, lookup by name, and damage."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import KEYS, checks_for
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.bake import Plan, Target
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.run.start.expectations import expectation_of
from openhqm_tui.store import run_folder
from openhqm_tui.store.checks_files import our_variant
from openhqm_tui.store.run_folder import (
    LaneExpectation,
    Request,
    RunFolder,
    all_runs,
    find_run,
    new_run_id,
    runs_folder,
)
from tests.expecting import expect
from tests.recordings import recording

ARM = parse_platform("arm64")
PLAN = Plan(
    targets=(
        Target(name="redis", variant="redis", platforms=(ARM,), tags=("x:1",), body={"a": "b"}),
    )
)


TOO_MANY_IMAGES = msgspec.json.encode(
    {
        **{"id": "x", "created": 1, "version": "1"},
        "targets": [{"name": "a", "variant": "a", "platforms": ["linux/arm"] * 10_001, "tags": []}],
    }
)


def info(run_id: str = "run") -> RunInfo:
    target = TargetInfo(name="redis", variant="redis", platforms=("linux/arm64",), tags=("x:1",))
    return RunInfo(id=run_id, created=1.0, targets=(target,))


def made(state: Path, name: str = "20261123-151400-3fa9") -> RunFolder:
    return RunFolder.create(runs_folder(state) / name, info(name), PLAN)


def test_a_run_folder_is_read_back(tmp_path: Path) -> None:
    expected = expect(ARM, user=1000, labels={"a": "b"})
    expectations = [LaneExpectation(target="redis", expectation=expected)]
    run = RunFolder.create(tmp_path / "run", info(), PLAN, expectations)
    reopened = RunFolder(tmp_path / "run")
    assert reopened.info == info()
    assert reopened.expectations() == {("redis", "linux/arm64"): expected}
    assert msgspec.json.decode(run.bake_file.read_bytes()) == PLAN.as_bake()


def test_an_older_version_refuses_a_run_folder_with_checks_it_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path)
    assert run.info.schema == 2
    monkeypatch.setattr(run_folder, "SCHEMA", 1)
    with pytest.raises(UsageProblem, match="newer version of openhqm-tui"):
        _ = RunFolder(run.path).info


def test_expectations_of_earlier_versions_are_read() -> None:
    run = recording("verified")
    assert run.info.schema == 1
    kept = run.expectations()
    assert len(kept) == 16
    for (target, platform), expected in kept.items():
        resolved = expectation_of(
            our_variant(target), parse_platform(platform), expected.platforms, python="3.13"
        )
        assert checks_for(expected) == checks_for(resolved)
        for key in KEYS.values():
            # The budgets were lower when the run was recorded.
            same = key.name in {"title", "max-mb"} or key.of(expected) == key.of(resolved)
            assert same, key.name


def test_an_existing_run_is_never_overwritten(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(UsageProblem, match="can't write the run folder"):
        made(tmp_path)


def test_an_unwritable_run_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match="can't write the run folder"):
        RunFolder.create(tmp_path / "file" / "run", info(), PLAN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a run folder"),
        (b"", "can't be read"),
        (b"{", "can't be read"),
        (b"[]", "can't be read"),
        (b'{"id":"x"}', "can't be read"),
        (b'{"id":"\xff","created":1,"targets":[]}', "can't be read"),
        (
            b'{"id":"x","created":1,"targets":[],"schema":99,"version":"9.0"}',
            "newer version of openhqm-tui",
        ),
        pytest.param(TOO_MANY_IMAGES, "too many images", id="too-many-images"),
    ],
)
def test_a_damaged_run_is_reported(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(UsageProblem) as caught:
        _ = RunFolder(tmp_path).info
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("attempt", "name"), [(1, "redis.rawjson"), (2, "redis.2.rawjson"), (11, "redis.11.rawjson")]
)
def test_each_attempt_has_its_own_stream(tmp_path: Path, attempt: int, name: str) -> None:
    assert RunFolder(tmp_path).stream_name("redis", attempt) == name


def test_evidence_is_named_after_the_lane(tmp_path: Path) -> None:
    file = RunFolder(tmp_path).evidence_file("redis", "linux/arm/v7")
    assert file == tmp_path / "checks" / "redis.linux-arm-v7.json"


def test_events_and_requests_are_complete_lines(tmp_path: Path) -> None:
    run = made(tmp_path)
    events: list[journal.AnyEvent] = [
        journal.RunStarted(at=1.0, pid=7),
        journal.Note(at=2.0, text="two\nlines"),
        journal.RunEnded(at=3.0, outcome=Outcome.PASSED),
    ]
    for event in events:
        run.append(event)
    lines = run.events_file.read_bytes().splitlines()
    assert [journal.event_decoder.decode(line) for line in lines] == events
    assert list(run.events()) == events
    ends = [run.append_request(Request("cancel", "redis")), run.append_request(Request("cancel"))]
    data = run.control_file.read_bytes()
    requests = [msgspec.json.decode(line) for line in data.splitlines()]
    assert requests == [{"ask": "cancel", "target": "redis"}, {"ask": "cancel"}]
    assert [data[:end].count(b"\n") for end in ends] == [1, 2]


def test_unreadable_events_are_skipped(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.append(journal.Note(at=2.0, text="x"))
    with run.events_file.open("ab") as events:
        events.write(b'{"event":"of tomorrow"}\n\xff\n{"event":"noted","at":3.0,"te')
    assert [event.at for event in run.events()] == [2.0]
    run.events_file.unlink()
    assert list(run.events()) == []


def test_a_line_cut_by_a_full_disk_does_not_damage_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path)
    write, free = os.write, [9]

    def fills_up(descriptor: int, data: bytes) -> int:
        if not free[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        free[0] -= (written := write(descriptor, data[: free[0]]))
        return written

    monkeypatch.setattr(os, "write", fills_up)
    with pytest.raises(OSError, match="No space left"):
        run.append(journal.Note(at=1.0, text="cut off"))
    monkeypatch.undo()
    run.append(journal.Note(at=2.0, text="whole"))
    assert [event.at for event in run.events()] == [2.0]
    assert run.events_file.read_bytes().count(b"\n") == 2


def test_a_partial_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    end = run.append_request(Request("cancel", "redis"))
    monkeypatch.undo()
    assert run.control_file.read_bytes() == b'{"ask":"cancel","target":"redis"}\n'
    assert end == run.control_file.stat().st_size


# -- the lock -----------------------------------------------------------------------------------


def test_a_locked_run_is_live_until_it_is_released(tmp_path: Path) -> None:
    run = made(tmp_path)
    seen = [run.is_live()]
    lock = run.lock()
    seen.append(run.is_live())
    os.close(lock)
    seen.append(run.is_live())
    assert seen == [False, True, False]


def test_a_run_can_be_locked_only_once(tmp_path: Path) -> None:
    run = made(tmp_path)
    lock = run.lock()
    with pytest.raises(Problem, match="is in use by another process"):
        RunFolder(run.path).lock()
    os.close(lock)
    os.close(RunFolder(run.path).lock())


def test_checking_for_a_live_run_does_not_lock_it(tmp_path: Path) -> None:
    run = made(tmp_path)
    assert not run.is_live()
    os.close(run.lock())


def test_a_child_that_inherits_the_lock_holds_it_until_it_ends(tmp_path: Path) -> None:
    run = made(tmp_path)
    lock = run.lock()
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=(lock,),
    )
    os.close(lock)
    assert run.is_live()
    child.kill()
    child.communicate()
    assert not run.is_live()


def test_a_child_that_does_not_inherit_the_lock_does_not_hold_it(tmp_path: Path) -> None:
    run = made(tmp_path)
    lock = run.lock()
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    os.close(lock)
    assert not run.is_live()
    child.kill()
    child.communicate()


def test_a_run_without_a_lock_file_is_not_live(tmp_path: Path) -> None:
    assert not RunFolder(tmp_path).is_live()


# -- lookup -------------------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with three runs, an incomplete run and an unrelated file."""
    for name in ("20261122-090000-aaaa", "20261123-151400-3fa9", "20261123-151400-3fff"):
        made(tmp_path, name)
    (runs_folder(tmp_path) / "20261124-000000-half").mkdir()
    (runs_folder(tmp_path) / "99999999-a-file").write_text("")
    return tmp_path


def test_runs_are_listed_latest_first(state: Path) -> None:
    names = [run.path.name for run in all_runs(state)]
    assert names == ["20261123-151400-3fff", "20261123-151400-3fa9", "20261122-090000-aaaa"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, "20261123-151400-3fff"),
        ("20261122", "20261122-090000-aaaa"),
        ("20261123-151400-3fa9", "20261123-151400-3fa9"),
        ("20261123-151400-3fa", "20261123-151400-3fa9"),
    ],
)
def test_a_run_is_found_by_the_start_of_its_name(state: Path, name: str | None, found: str) -> None:
    assert find_run(state, name).path.name == found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("20261123", "is ambiguous: 2 runs match (valid: 20261123-151400-3fff"),
        ("nope", "there is no run 'nope'"),
        ("20261124", "there is no run '20261124'"),
        ("20261122-090000-aaab", "did you mean 20261122-090000-aaaa?"),
        ("", "RUN is empty"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_reported(state: Path, name: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        find_run(state, name)
    assert message in str(caught.value)


def test_without_runs_the_lookup_suggests_a_build(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="there are no runs yet; start one with"):
        find_run(tmp_path)


def test_a_run_is_found_by_its_path(state: Path, tmp_path: Path) -> None:
    path = runs_folder(state) / "20261122-090000-aaaa"
    assert find_run(tmp_path / "elsewhere", str(path)).path == path
    with pytest.raises(UsageProblem, match="is not a run folder"):
        find_run(state, str(tmp_path / "nope"))


def test_run_ids_sort_by_time_and_are_unique() -> None:
    names = [new_run_id(1795446840.0) for _ in range(5)]
    assert all(name.startswith("20261123-151400-") for name in names)
    assert new_run_id(1795446841.0) > max(names)
    assert len(set(names)) > 1


@pytest.mark.parametrize("name", ["", "../up", "/etc/app", ".hidden", "a\0b"])
def test_a_target_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    target = TargetInfo(name=name, variant="redis", platforms=("linux/amd64",), tags=("a:1",))
    file = tmp_path / "run.json"
    file.write_bytes(msgspec.json.encode(RunInfo(id="run", created=1.0, targets=(target,))))
    with pytest.raises(UsageProblem, match="invalid target name"):
        _ = RunFolder(tmp_path).info


def test_an_exact_name_has_priority_over_a_prefix(tmp_path: Path) -> None:
    for name in ("20261123-1", "20261123-1Z"):
        folder = runs_folder(tmp_path) / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_bytes(
            msgspec.json.encode(RunInfo(id=name, created=1.0, targets=()))
        )
    assert find_run(tmp_path, "20261123-1").path.name == "20261123-1"
