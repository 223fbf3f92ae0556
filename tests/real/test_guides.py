"""The commands in the guides, run unchanged on the real engine."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guides.commands import Command, commands
from tests.guides.places import pages
from tests.real.conftest import COMMAND

pytestmark = pytest.mark.engine

NAME = "local/openhqm"
EVERY = [command for page in pages() for command in commands(page)]
TESTED = [command for command in EVERY if command.tested]
# Quick commands that change nothing.
_READ_ONLY = {
    ("version",),
    ("info",),
    ("context", "ls"),
    ("system", "df"),
    ("buildx", "version"),
    ("buildx", "ls"),
    ("buildx", "inspect"),
}
READ_ONLY = list(
    {
        command.words: command
        for command in EVERY
        if command.program == "docker"
        and (command.words[1:] in _READ_ONLY or command.words[1:3] == ("info", "--format"))
    }.values()
)


@pytest.fixture
def images_removed() -> Iterator[None]:
    yield
    kept = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", NAME],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if kept:
        subprocess.run(["docker", "image", "rm", *kept], capture_output=True, check=True)


def run(command: Command, folder: Path, home: Path) -> str:
    words = list(command.words)
    if command.program == "openhqm-tui":
        words[:1] = COMMAND
    # `docker system df` fails while other tests remove images.
    for _ in range(5 if words[1:] == ["system", "df"] else 1):
        ran = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | {"OPENHQM_TUI_STATE_DIR": str(home / "state")},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if ran.returncode == 0:
            break
    assert ran.returncode == 0, f"{command.where}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    return ran.stdout


@pytest.mark.usefixtures("images_removed")
def test_the_commands_of_the_five_minute_guide_work(tmp_path: Path, own_home: Path) -> None:
    assert len(TESTED) == 5
    assert any(NAME in shlex.join(command.words) for command in TESTED)
    outputs = [run(command, tmp_path, own_home) for command in TESTED]
    _, built, amd, arm, checked = outputs
    assert "2 images: 2 verified" in built
    assert (amd, arm) == ("x86_64\n", "aarch64\n")
    assert "linux/amd64" in checked
    assert "linux/arm64" in checked


@pytest.mark.parametrize(
    "command",
    [
        # This one reads everything that the engine has.
        pytest.param(one, marks=[pytest.mark.full] if "df" in one.words else [])
        for one in READ_ONLY
    ],
    ids=lambda command: "-".join(command.words),
)
def test_read_only_commands_work(command: Command, tmp_path: Path, own_home: Path) -> None:
    assert run(command, tmp_path, own_home)


def test_the_guides_have_read_only_commands() -> None:
    assert len(READ_ONLY) >= 4
