"""The state folder is its owner's alone; somebody else's is refused, root leaves none behind."""

from __future__ import annotations

import grp
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Plan
from openhqm_tui.store import paths
from openhqm_tui.store.layer_cache import LayerCache
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import recording

ANN, BOB = 54321, 54322
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the state folder is; all may go there."""
    place = tmp_path / "home" / "state"
    monkeypatch.setenv(paths.STATE_VARIABLE, str(place))
    monkeypatch.delenv("SUDO_UID", raising=False)
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == os.geteuid() and above != Path(tempfile.gettempdir()):
            above.chmod(above.stat().st_mode | 0o555)
        if above.parent == Path(tempfile.gettempdir()):
            break
    return place


def mode_of(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def as_user(uid: int, say: Callable[[], str]) -> str:
    """Return what another user's process says."""
    # What is imported late may lie where only root reads: here it is in memory beforehand.
    tempfile.gettempdir()
    grp.getgrgid(0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, say().encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        text = said.read().decode()
    os.waitpid(child, 0)
    return text


def said_of_the_state() -> str:
    try:
        return str(paths.ready_state_folder())
    except UsageProblem as problem:
        return str(problem)


@as_root
def test_somebody_elses_is_refused_and_stays_as_it_was(state: Path) -> None:
    state.mkdir(mode=0o700)
    os.chown(state, ANN, ANN)
    line = as_user(BOB, said_of_the_state)
    assert line == (
        f"the state folder {state} belongs to user {ANN}, and you are user {BOB}; choose one of "
        "your own with OPENHQM_TUI_STATE_DIR=DIR"
    )
    assert as_user(ANN, said_of_the_state) == str(state)
    with pytest.raises(UsageProblem, match=f"belongs to user {ANN}, and you are root"):
        paths.state_folder()
    assert list(state.iterdir()) == []


@as_root
def test_one_that_cant_be_opened_is_refused(state: Path) -> None:
    state.parent.chmod(0o700)
    assert "can't be opened (Permission denied); choose one of" in as_user(BOB, said_of_the_state)


@as_root
def test_a_link_to_ones_own_is_ones_own(state: Path) -> None:
    real = state.parent / "real"
    real.mkdir(mode=0o700)
    os.chown(real, ANN, ANN)
    state.symlink_to(real)
    assert as_user(ANN, said_of_the_state) == str(state)


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o1777])
def test_one_that_others_can_write_to_is_refused(state: Path, mode: int) -> None:
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(UsageProblem) as caught:
        paths.state_folder()
    assert f"is writable by other users (mode {mode:04o})" in str(caught.value)
    assert f"run `chmod go-w {state}`" in str(caught.value)
    assert "OPENHQM_TUI_STATE_DIR=DIR" in str(caught.value)
    assert mode_of(state) == mode


@as_root
def test_a_group_of_several_may_not_write_to_it(state: Path) -> None:
    state.mkdir()
    os.chown(state, -1, ANN)
    state.chmod(0o770)
    assert "is writable by other users (mode 0770)" in said_of_the_state()


def test_whatever_the_umask_all_that_is_made_is_its_owners_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "one" / "two" / "state"
    monkeypatch.setenv(paths.STATE_VARIABLE, str(state))
    before = os.umask(0)
    try:
        paths.ready_state_folder()
        source = recording("checked")
        run = RunFolder.create(state / "runs" / "x", source.info, Plan(targets=()))
    finally:
        os.umask(before)
    for place in (state, state.parent, state.parents[1], run.path, run.path.parent):
        assert mode_of(place) == 0o700, place
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert len(files) >= 5
    for file in files:
        assert mode_of(file) == 0o600, file


def test_runs_of_an_older_version_are_closed_to_others(state: Path) -> None:
    (state / "runs").mkdir(parents=True)
    state.chmod(0o755)
    (state / "runs").chmod(0o755)
    paths.ready_state_folder()
    assert mode_of(state / "runs") == 0o700
    assert mode_of(state) == 0o755


@as_root
def test_what_others_may_have_written_is_no_memory(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(cache))
    assert paths.emulators_file() == state / "emulators.json"
    assert paths.cache_folder() == cache
    for place in (state, cache):
        place.mkdir()
        os.chown(place, ANN, ANN)
    assert paths.emulators_file() is None
    assert paths.cache_folder() is None
    assert LayerCache().get(f"sha256:{'0' * 64}") is None


@as_root
@pytest.mark.parametrize("words", [["history"], ["runs"], ["doctor", "--format", "json"]])
def test_root_by_sudo_leaves_no_file_in_the_home_of_the_user(
    tmp_path: Path, words: list[str]
) -> None:
    home = tmp_path / "ann"
    (home / "project").mkdir(parents=True)
    for place in (home, home / "project"):
        os.chown(place, ANN, ANN)
    of_root = tmp_path / "root"
    of_root.mkdir()
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment |= {
        **{"HOME": str(home), "SUDO_UID": str(ANN), "SUDO_USER": "ann", "LANG": "C.UTF-8"},
        **{"XDG_CACHE_HOME": str(home / ".cache"), "DOCKER_CONFIG": str(home / ".docker")},
        # So that this test leaves nothing in the home of whoever runs it.
        **{"XDG_STATE_HOME": str(of_root), "XDG_CONFIG_HOME": str(of_root)},
    }
    told = subprocess.run(
        [sys.executable, "-m", "openhqm_tui", *words],
        cwd=home / "project",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode in {0, 1, 2, 3}, told.stderr
    assert "Traceback" not in told.stderr
    assert f"configuration in {home} are not used" in told.stderr
    assert [path for path in home.rglob("*") if path.lstat().st_uid == 0] == []


@as_root
def test_root_by_sudo_makes_no_state_folder_below_the_users(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.parent.mkdir(exist_ok=True)
    os.chown(state.parent, ANN, ANN)
    assert paths.state_folder() == state
    monkeypatch.setenv("SUDO_UID", str(ANN))
    with pytest.raises(
        UsageProblem, match=f"would be owned by root, inside a folder owned by user {ANN}"
    ):
        paths.ready_state_folder()
    assert not state.exists()
    assert paths.emulators_file() is None
