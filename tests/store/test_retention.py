"""Which runs are kept; removal is atomic, and live runs are never removed."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.bake import Plan
from openhqm_tui.domain.run.events import RunInfo
from openhqm_tui.store.retention import Kept, Limits, limits_of, prune, size_of, surplus
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run, runs_folder
from openhqm_tui.store.settings import Settings

OLD = 10_000.0


def kept(name: str, size: int = 1, age: float = OLD, *, live: bool = False) -> Kept:
    return Kept(name, size, age, live)


@pytest.mark.parametrize(
    ("runs", "limits", "gone"),
    [
        ([], Limits(1, 1), ""),
        ([kept("c"), kept("b"), kept("a")], Limits(3, None), ""),
        ([kept("c"), kept("b"), kept("a")], Limits(None, None), ""),
        ([kept("c"), kept("b"), kept("a")], Limits(1, None), "ab"),
        ([kept("c"), kept("b"), kept("a")], Limits(0, None), "abc"),
        ([kept("c", 5), kept("b", 5), kept("a", 5)], Limits(None, 10), "a"),
        ([kept("c", 5), kept("b", 5), kept("a", 5)], Limits(None, 15), ""),
        ([kept("c", 5), kept("b", 5), kept("a", 5)], Limits(1, 15), "ab"),
        # A single run above the limit is removed alone.
        ([kept("c", 1), kept("b", 99), kept("a", 1)], Limits(None, 10), "b"),
        ([kept("c", 99), kept("b", 1), kept("a", 1)], Limits(None, 10), "c"),
        # Live runs stay, whatever the limits; recent ones stay for a while.
        ([kept("c"), kept("b", live=True), kept("a")], Limits(0, None), "ac"),
        ([kept("c"), kept("b", live=True), kept("a")], Limits(2, None), "a"),
        ([kept("c", age=59), kept("b", age=60), kept("a")], Limits(0, None), "ab"),
        # A large run that must stay does not displace others.
        ([kept("c", 99, live=True), kept("b", 5), kept("a", 5)], Limits(None, 10), ""),
        ([kept("c", 99, age=1), kept("b", 5), kept("a", 5)], Limits(None, 10), ""),
    ],
)
def test_old_and_large_runs_are_removed(runs: list[Kept], limits: Limits, gone: str) -> None:
    assert "".join(run.name for run in surplus(runs, limits, spare=60)) == gone


@given(
    st.lists(st.builds(Kept, st.just("r"), st.integers(0, 9), st.floats(0, 99), st.booleans())),
    st.integers(0, 9),
    st.integers(0, 40),
)
def test_runs_that_are_kept_are_within_the_limits(runs: list[Kept], most: int, size: int) -> None:
    gone = surplus(runs, Limits(most, size), spare=50)
    assert not [run for run in gone if run.live or run.age < 50]
    left = list(runs)
    for run in gone:
        left.remove(run)
    free = [run for run in left if not run.live and run.age >= 50]
    assert len(free) <= most
    assert sum(run.size for run in free) <= size


def test_the_settings_define_the_limits() -> None:
    assert limits_of(Settings()) == Limits(50, 1024 * 10**6)
    assert limits_of(Settings(keep_runs=3, keep_mb=2)) == Limits(3, 2 * 10**6)


# -- on the disk --------------------------------------------------------------------------------

Make = Callable[..., RunFolder]
ALL = Limits(runs=0)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def make(state: Path) -> Make:
    """Create a run folder with logs of `size` bytes, last changed `age` seconds ago."""

    def run(name: str, size: int = 0, age: float = OLD) -> RunFolder:
        info = RunInfo(id=name, created=1.0, targets=())
        folder = RunFolder.create(runs_folder(state) / name, info, Plan(targets=()))
        (folder.path / "redis.rawjson").write_bytes(b"x" * size)
        (folder.path / "checks" / "redis.json").write_bytes(b"y" * size)
        at = folder.events_file.stat().st_mtime - age
        os.utime(folder.events_file, (at, at))
        return folder

    return run


def names(state: Path) -> list[str]:
    return [run.path.name for run in all_runs(state)]


def test_old_runs_are_removed_and_their_bytes_counted(state: Path, make: Make) -> None:
    before = [size_of(make(name, 1000).path) for name in "abc"]
    pruned = prune(state, Limits(runs=1))
    assert [run.name for run in pruned.gone] == ["a", "b"]
    assert pruned.freed == sum(before[:2]) >= 4000
    assert names(state) == ["c"]
    assert [path.name for path in runs_folder(state).iterdir()] == ["c"]
    assert (pruned.unread, pruned.stayed) == ([], [])


def test_a_dry_run_removes_nothing(state: Path, make: Make) -> None:
    make("a")
    (runs_folder(state) / ".gone-z").mkdir()
    assert [run.name for run in prune(state, ALL, only_say=True).gone] == ["a"]
    assert names(state) == ["a"]
    assert (runs_folder(state) / ".gone-z").exists()


def test_without_a_state_folder_nothing_is_removed(state: Path) -> None:
    assert prune(state, ALL).gone == []


def test_a_live_run_is_kept(state: Path, make: Make) -> None:
    lock = make("a").lock()
    make("b")
    assert [run.name for run in prune(state, ALL).gone] == ["b"]
    assert names(state) == ["a"]
    os.close(lock)


def test_a_run_that_becomes_live_is_kept(
    state: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("a")
    lock = run.lock()
    with monkeypatch.context() as patch:
        # It was finished when prune checked it.
        patch.setattr(RunFolder, "is_live", lambda _: False)
        pruned = prune(state, ALL)
    assert (pruned.gone, pruned.stayed) == ([], [("a", "run a is in use by another process")])
    assert names(state) == ["a"]
    os.close(lock)


def test_a_run_is_locked_and_complete_until_it_is_removed(state: Path, make: Make) -> None:
    make("a", 10)
    seen: list[object] = []

    def look(run: RunFolder) -> None:
        with pytest.raises(Problem):
            run.lock()
        seen.append((run.path.name, run.is_live(), names(state)))

    prune(state, ALL, let_go=look)
    assert seen == [("a", True, ["a"])]
    assert names(state) == []


@pytest.mark.parametrize("steps", range(3))
def test_an_interrupted_removal_leaves_no_partial_run(
    state: Path, make: Make, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    folder = make("a", 10)
    make("b")

    def killed(folder_to_remove: Path, **_: object) -> None:
        for file in sorted(folder_to_remove.iterdir())[:steps]:
            if file.is_file():
                file.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(state, Limits(runs=1))
    assert names(state) == ["b"]
    assert not folder.path.exists()
    assert find_run(state).path.name == "b"
    prune(state, Limits(runs=1))
    assert [path.name for path in runs_folder(state).iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "can't be read"),
        (
            b'{"id":"a","created":1,"targets":[],"schema":99,"version":"9"}',
            "newer version of openhqm-tui",
        ),
    ],
)
def test_an_unreadable_run_is_kept_and_reported(
    state: Path, make: Make, text: bytes, message: str
) -> None:
    make("a").info_file.write_bytes(text)
    make("b")
    pruned = prune(state, ALL)
    assert [run.name for run in pruned.gone] == ["b"]
    ((name, reason),) = pruned.unread
    assert name == "a"
    assert message in reason
    assert names(state) == ["a"]


def test_a_run_that_cant_be_removed_is_reported_and_others_are_removed(
    state: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a")
    make("b")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "a":
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    pruned = prune(state, ALL)
    assert pruned.stayed == [("a", "Permission denied")]
    assert [run.name for run in pruned.gone] == ["b"]
    assert names(state) == ["a"]


def test_concurrent_removals_remove_each_run_once(state: Path, make: Make) -> None:
    for number in range(12):
        make(f"run-{number:02}", 100)
    results: list[list[str]] = []

    def work() -> None:
        results.append([run.name for run in prune(state, Limits(runs=2)).gone])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for gone in results for name in gone) == [f"run-{n:02}" for n in range(10)]
    assert [path.name for path in sorted(runs_folder(state).iterdir())] == ["run-10", "run-11"]


def test_a_file_that_a_concurrent_prune_creates_during_the_removal_is_removed_too(
    state: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("run-00", 100)
    remove = shutil.rmtree

    def disturbed(folder: Path, ignore_errors: bool) -> None:
        remove(folder, ignore_errors=ignore_errors)
        folder.mkdir()
        (folder / "lock").touch()
        monkeypatch.setattr(shutil, "rmtree", remove)

    monkeypatch.setattr(shutil, "rmtree", disturbed)
    pruned = prune(state, Limits(runs=0))
    assert ([run.name for run in pruned.gone], pruned.stayed) == (["run-00"], [])
    assert list(runs_folder(state).iterdir()) == []
