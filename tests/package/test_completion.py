"""Completion in real shells, and the proposals for each word."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhqm_tui.domain.platforms import ARCHITECTURES
from tests.our_variants import VARIANT_NAMES
from tests.recordings import recording
from tests.waiting import PATIENCE

BIN = Path(sys.executable).parent
RUN = "20260101-000000-abcd"
# The options that start each shell without user settings, and its setup of completion.
SHELLS = {
    "bash": (
        ("--norc", "--noprofile", "-i"),
        'eval "$(openhqm-tui completion bash)"; echo ready-$((40 + 2))\n',
    ),
    "zsh": (
        ("-f", "-i"),
        "autoload -Uz compinit; compinit -u -D; "
        'eval "$(openhqm-tui completion zsh)"; echo ready-$((40 + 2))\n',
    ),
    "fish": (
        ("--no-config", "-i"),
        "openhqm-tui completion fish | source; echo ready-(math 40 + 2)\n",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files to name, a run in the state folder, and our command on PATH."""
    place = tmp_path / "folder"
    (place / "checkout").mkdir(parents=True)
    (place / "packed.zip").touch()
    (place / "mine.toml").touch()
    shutil.copytree(recording("cold").path, own_home / "state" / "runs" / RUN)
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(own_home))
    monkeypatch.chdir(place)
    return place


def proposed(line: str) -> list[str]:
    """Return the proposals for bash for a line with the cursor at its end."""
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line.encode())),
        "COMP_TYPE": "9",
    }
    ran = subprocess.run(
        ["bash", "-c", "exec openhqm-tui 8>&1 9>&2 1>/dev/null"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [word.strip() for word in ran.stdout.split("\n") if word]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("openhqm-tui re", ["replay", "report", "resume", "retry"]),
        ("openhqm-tui runs ", ["prune", "export", "import"]),
        (
            "openhqm-tui build --b",
            [
                *("--backend", "--build-all", "--base-image", "--builder"),
                *("--build-arg", "--build-context"),
            ],
        ),
        ("openhqm-tui build ", list(VARIANT_NAMES)),
        ("openhqm-tui plan redis k", ["kafka"]),
        ("openhqm-tui build --backend ", list(VARIANT_NAMES)),
        ("openhqm-tui build --backend redis,k", ["redis,kafka"]),
        ("openhqm-tui check image --variant sq", ["sqs"]),
        ("openhqm-tui plan --platforms linux/a", ["linux/amd64", "linux/arm64", "linux/arm"]),
        ("openhqm-tui plan --platforms linux/arm64,linux/s", ["linux/arm64,linux/s390x"]),
        ("openhqm-tui report --format ", ["github", "html", "json", "junit", "md"]),
        ("openhqm-tui attach ", [RUN]),
        ("openhqm-tui compare ", [RUN]),
        ("openhqm-tui replay ", ["demo", RUN, "checkout/", "packed.zip"]),
        (f"openhqm-tui retry {RUN} ka", ["kafka"]),
        ("openhqm-tui cancel ka", ["kafka"]),
        ("openhqm-tui runs import ", ["checkout/", "packed.zip"]),
        ("openhqm-tui plan --context ", ["checkout/"]),
        ("openhqm-tui check image --checks ", ["checkout/", "mine.toml"]),
        ("openhqm-tui completion ", ["bash", "zsh", "fish"]),
        # If any text is valid, nothing is proposed, not even files.
        ("openhqm-tui build --tag ", []),
    ],
)
def test_each_word_has_its_proposals(folder: Path, line: str, words: list[str]) -> None:
    assert proposed(line) == words


def test_flags_are_proposed_if_nothing_else_is(folder: Path) -> None:
    assert "--fix" in proposed("openhqm-tui doctor ")
    assert all(word.startswith("--") for word in proposed("openhqm-tui doctor "))
    assert "--detach" not in proposed("openhqm-tui retry ")


def test_every_platform_is_proposed(folder: Path) -> None:
    found = proposed("openhqm-tui build --platforms ")
    assert sorted(found) == sorted(f"linux/{arch}" for arch in ARCHITECTURES)
    assert found[:2] == ["linux/amd64", "linux/arm64"]


def test_completion_ignores_errors(folder: Path, own_home: Path) -> None:
    (own_home / "state" / "runs" / RUN / "run.json").write_text("{")
    assert proposed("openhqm-tui cancel ") == [RUN]
    assert proposed(f"openhqm-tui cancel {RUN} ") == ["--help"]
    assert proposed("openhqm-tui build --context nowhere --backend ") == []


class Shell:
    """An interactive shell in its own terminal."""

    def __init__(self, name: str) -> None:
        words, self._setup = SHELLS[name]
        self._process, self._terminal = _start([name, *words])
        self._output = b""

    def set_up(self) -> None:
        """Set up completion and wait until that is done."""
        self.type(self._setup)
        self.until("ready-42")

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def until(self, text: str) -> None:
        """Wait until the shell prints a text after the previously expected one."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in self._output:
            assert time.monotonic() < end, f"{text!r} was never printed: {self._output!r}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                self._output += os.read(self._terminal, 65536)
        self._output = self._output.partition(text.encode())[2]

    def leave(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


# fish needs a controlling terminal.
_AT_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def _start(words: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "PS1": "$ "}
    program = [sys.executable, "-c", _AT_TERMINAL, *words]
    process = subprocess.Popen(
        program, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    return process, ours


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, folder: Path) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this machine")
    started = Shell(request.param)
    yield started
    started.leave()


def test_the_tab_key_completes_in_a_real_shell(shell: Shell) -> None:
    shell.set_up()
    # Text before the Tab is echoed, text after it was completed.
    shell.type("openhqm-tui complet\t")
    shell.until("ion")
    shell.type("\x15openhqm-tui build --backend kaf\t")
    shell.until("ka")
    shell.type("\x15openhqm-tui attach 2026\t")
    shell.until("-abcd")
    shell.type("\x15openhqm-tui runs import pack\t")
    shell.until("ed.zip")
