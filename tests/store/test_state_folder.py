"""The state folder is private; another user's is refused, and root leaves no files behind."""

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
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the state folder, reachable by every user."""
    path = tmp_path / "home" / "state"
    monkeypatch.setenv(paths.STATE_VARIABLE, str(path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == os.geteuid() and above != Path(tempfile.gettempdir()):
            above.chmod(above.stat().st_mode | 0o555)
        if above.parent == Path(tempfile.gettempdir()):
            break
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def as_user(uid: int, call: Callable[[], str]) -> str:
    """Return the result of `call` in another user's process."""
    # Lazily imported modules may be readable only by root, so import them before.
    tempfile.gettempdir()
    grp.getgrgid(0)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, call().encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        text = output.read().decode()
    os.waitpid(child, 0)
    return text


def use_state_folder() -> str:
    try:
        return str(paths.ready_state_folder())
    except UsageProblem as problem:
        return str(problem)


@as_root
def test_a_folder_of_another_user_is_refused_and_unchanged(state: Path) -> None:
    state.mkdir(mode=0o700)
    os.chown(state, ANN, ANN)
    line = as_user(BOB, use_state_folder)
    assert line == (
        f"the state folder {state} belongs to user {ANN}, but you are user {BOB}; choose another "
        "folder with OPENHQM_TUI_STATE_DIR=DIR"
    )
    assert as_user(ANN, use_state_folder) == str(state)
    with pytest.raises(UsageProblem, match=f"belongs to user {ANN}, but you are root"):
        paths.state_folder()
    assert list(state.iterdir()) == []


@as_root
def test_a_folder_that_cant_be_opened_is_refused(state: Path) -> None:
    state.parent.chmod(0o700)
    assert "can't be opened (Permission denied); choose another" in as_user(BOB, use_state_folder)


@as_root
def test_a_link_to_an_own_folder_is_accepted(state: Path) -> None:
    real = state.parent / "real"
    real.mkdir(mode=0o700)
    os.chown(real, ANN, ANN)
    state.symlink_to(real)
    assert as_user(ANN, use_state_folder) == str(state)


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(state: Path, mode: int) -> None:
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(UsageProblem) as caught:
        paths.state_folder()
    assert f"is writable by other users (mode {mode:04o})" in str(caught.value)
    assert f"run `chmod go-w {state}`" in str(caught.value)
    assert "OPENHQM_TUI_STATE_DIR=DIR" in str(caught.value)
    assert mode_of(state) == mode


@as_root
def test_a_folder_that_a_group_can_write_to_is_refused(state: Path) -> None:
    state.mkdir()
    os.chown(state, -1, ANN)
    state.chmod(0o770)
    assert "is writable by other users (mode 0770)" in use_state_folder()


def test_created_files_are_private_whatever_the_umask(
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
    for path in (state, state.parent, state.parents[1], run.path, run.path.parent):
        assert mode_of(path) == 0o700, path
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert len(files) >= 5
    for file in files:
        assert mode_of(file) == 0o600, file


def test_runs_of_an_older_version_become_private(state: Path) -> None:
    (state / "runs").mkdir(parents=True)
    state.chmod(0o755)
    (state / "runs").chmod(0o755)
    paths.ready_state_folder()
    assert mode_of(state / "runs") == 0o700
    assert mode_of(state) == 0o755


@as_root
def test_caches_of_another_user_are_not_used(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(cache))
    assert paths.emulators_file() == state / "emulators.json"
    assert paths.cache_folder() == cache
    for path in (state, cache):
        path.mkdir()
        os.chown(path, ANN, ANN)
    assert paths.emulators_file() is None
    assert paths.cache_folder() is None
    assert LayerCache().get(f"sha256:{'0' * 64}") is None


@as_root
@pytest.mark.parametrize("arguments", [["history"], ["runs"], ["doctor", "--format", "json"]])
def test_root_by_sudo_leaves_no_file_in_the_home_of_the_user(
    tmp_path: Path, arguments: list[str]
) -> None:
    home = tmp_path / "ann"
    (home / "project").mkdir(parents=True)
    for path in (home, home / "project"):
        os.chown(path, ANN, ANN)
    root_home = tmp_path / "root"
    root_home.mkdir()
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment |= {
        **{"HOME": str(home), "SUDO_UID": str(ANN), "SUDO_USER": "ann", "LANG": "C.UTF-8"},
        **{"XDG_CACHE_HOME": str(home / ".cache"), "DOCKER_CONFIG": str(home / ".docker")},
        # So that this test leaves nothing in the home of the user who runs it.
        **{"XDG_STATE_HOME": str(root_home), "XDG_CONFIG_HOME": str(root_home)},
    }
    result = subprocess.run(
        [sys.executable, "-m", "openhqm_tui", *arguments],
        cwd=home / "project",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in {0, 1, 2, 3}, result.stderr
    assert "Traceback" not in result.stderr
    assert f"configuration in {home} are not used" in result.stderr
    assert [path for path in home.rglob("*") if path.lstat().st_uid == 0] == []


@as_root
def test_root_by_sudo_creates_no_state_folder_inside_a_users_folder(
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
