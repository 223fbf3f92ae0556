"""The real engine: running the command line as a user would, and reading its results."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.facts import read_facts

HERE = Path(__file__).parent
COMMAND = (sys.executable, "-m", "openhqm_tui")
BOTH = "linux/amd64,linux/arm64"
# The image name of the main job.
MAIN_JOB = "openhqm-tui-tests/main"


class Ran(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        return self.records[-1]


Cli = Callable[..., Ran]


def run_cli(*words: str, cwd: Path, state: Path, patience: float = 900) -> Ran:
    environment = dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(state)}
    ran = subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The empty folder and the state folder of the main job."""
    return tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def host() -> Platform:
    """The engine's own platform."""
    host = read_facts().host
    assert host is not None
    return host


@pytest.fixture(scope="session")
def main_job(folders: tuple[Path, Path]) -> Ran:
    """The main job, run once for all tests that need its sixteen images."""
    cwd, state = folders
    words = ("build", "--build-all", "--platforms", BOTH, "--name", MAIN_JOB, "--format", "json")
    return run_cli(*words, cwd=cwd, state=state)


@pytest.fixture
def cli(tmp_path: Path, own_home: Path) -> Cli:
    """Run `openhqm-tui` in an empty folder with its own state folder."""
    folder = tmp_path / "folder"
    folder.mkdir()

    def run(*words: str, cwd: Path = folder) -> Ran:
        return run_cli(*words, cwd=cwd, state=own_home / "state")

    return run


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a quick Dockerfile for variants: no network, one RUN per platform."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    # A step that once slept to its end is cached, so every test has its own.
    own = f"sleep 300.{secrets.randbelow(10**9):09}"
    text = (HERE / "quick.Dockerfile").read_text()
    (folder / "Dockerfile").write_text(text.replace("sleep 300", own))
    return folder


@pytest.fixture
def remove_images() -> Iterator[Callable[[str], None]]:
    """Remove the images with a name after the test."""
    names: list[str] = []
    yield names.append
    for name in names:
        tags = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name).split()
        if tags:
            docker("image", "rm", "--force", *tags)


def docker(*words: str) -> str:
    ran = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=300, check=False
    )
    return ran.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project next to a folder that is none of its business, which has an SSH agent's socket."""
    folder, outside = tmp_path / "project", tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    (folder / "~").mkdir()
    (folder / "sub" / "file").write_text("inside")
    outside.mkdir()
    (outside / "key").write_text("private")
    (outside / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (folder / "Dockerfile.link").symlink_to(outside / "Dockerfile")
    (folder / "link-out").symlink_to(outside)
    (folder / "link-in").symlink_to("sub")
    with socket.socket(socket.AF_UNIX) as agent:
        monkeypatch.chdir(outside)  # a socket's path may be too long from elsewhere
        agent.bind("agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", str(outside / "agent"))
        monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.chdir(folder)
        yield folder
