"""The command as a separate process: interrupted, killed, without a reader, in an ASCII locale."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import find_run
from tests.cli.test_main import BUILD
from tests.fake_docker import FakeDocker
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def process(folder: Path) -> Iterator[Any]:
    """Return a function that starts the command; kill what is left afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(line: str, **environment: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "openhqm_tui", *line.split()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=dict(os.environ) | environment,
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_an_interrupt_cancels_the_run(process: Any, docker: FakeDocker, own_home: Path) -> None:
    docker.target("redis", {"hold": True})
    command = process(f"{BUILD} --backend redis --no-check --format json")
    until(lambda: docker.has("held-redis"))
    command.send_signal(signal.SIGINT)
    out, err = command.communicate()
    assert command.returncode == 130
    assert json.loads(out.splitlines()[-1])["outcome"] == "cancelled"
    assert "cancelling" in err
    run = find_run(own_home / "state")
    until(lambda: not run.is_live())


def test_a_build_continues_when_its_command_is_killed(
    process: Any, docker: FakeDocker, own_home: Path
) -> None:
    docker.target("redis", {"hold": True})
    command = process(f"{BUILD} --backend redis --no-check --format plain")
    until(lambda: docker.has("held-redis"))
    command.kill()
    command.communicate()
    run = find_run(own_home / "state")
    assert run.is_live()
    docker.release("redis")
    follower = Follower(run)
    until(lambda: follower.poll() is None or follower.finished)
    assert follower.state.status.value == "passed"


@pytest.mark.parametrize("line", ["variants", "--help"])
def test_a_closed_pipe_ends_the_command_quietly(line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    environment = dict(os.environ)
    environment.pop("PYTHONUNBUFFERED", None)
    with open(write, "w") as gone:  # noqa: PTH123 - a descriptor, not a path
        ran = subprocess.run(
            [sys.executable, "-m", "openhqm_tui", *line.split()],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert ran.returncode == 141
    assert "Error" not in ran.stderr


def test_a_terminal_without_unicode_is_supported(
    process: Any, folder: Path, own_home: Path
) -> None:
    command = process("build --help", PYTHONIOENCODING="ascii")
    out, err = command.communicate()
    assert (command.returncode, err) == (0, "")
    assert "P,?" in out
