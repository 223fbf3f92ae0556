"""A command run in an untrusted folder uses none of its programs or modules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openhqm_tui.cli.surroundings import leave_the_folder_out
from openhqm_tui.domain.errors import UsageProblem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with its own `docker` and modules, which create a file when they run."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    mark = tmp_path / "ran"
    for name in ("docker", "git"):
        (folder / name).write_text(f"#!/bin/sh\ntouch '{mark}'\n")
        (folder / name).chmod(0o755)
    for name in ("msgspec", "argcomplete", "rich", "tomllib", "platformdirs"):
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\nraise SystemExit(9)\n")
    return folder


def run(folder: Path, *start: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OPENHQM_TUI_STATE_DIR": str(folder.parent / "state")}
    words = ("plan", "--backend", "redis", "--platforms", "linux/amd64")
    return subprocess.run(
        [*start, *words],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("first", [".", "", "sub/.."])
def test_no_program_from_the_folder_is_run(folder: Path, first: str) -> None:
    (folder / "sub").mkdir()
    path = os.pathsep.join([first, os.environ["PATH"]])
    ran = run(folder, sys.executable, "-P", "-m", "openhqm_tui", PATH=path)
    assert ran.returncode == 0, ran.stderr
    assert not (folder.parent / "ran").exists()


def test_no_module_from_the_folder_is_imported(folder: Path) -> None:
    ran = run(folder, sys.executable, "-m", "openhqm_tui")
    assert ran.returncode == 0, ran.stderr
    assert not (folder.parent / "ran").exists()


@pytest.mark.parametrize("variable", ["DOCKER_CONFIG", "BUILDX_CONFIG"])
def test_relative_docker_config_folders_are_refused(folder: Path, variable: str) -> None:
    ran = run(folder, sys.executable, "-P", "-m", "openhqm_tui", **{variable: "docker"})
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert f"use an absolute path: {variable}=$PWD/docker" in ran.stderr


def test_absolute_paths_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"PATH": "/a:.:/b:", "DOCKER_CONFIG": "/c"}
    path = ["", str(tmp_path), "lib", "/d"]
    leave_the_folder_out(environment, path)
    assert environment == {"PATH": "/a:/b", "DOCKER_CONFIG": "/c"}
    assert path == ["/d"]
    with pytest.raises(UsageProblem, match="BUILDX_CONFIG=x is a relative path"):
        leave_the_folder_out({"BUILDX_CONFIG": "x"}, [])
