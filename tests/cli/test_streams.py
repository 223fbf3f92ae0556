"""Closed and redirected standard streams, and terminals with another encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import Screen

CONSOLE = (sys.executable, "-m", "openhqm_tui")
ALL = "<&- >&- 2>&-"


def at_a_terminal(**more: str) -> dict[str, str]:
    """Return the environment without CI, in which a replay is printed instead."""
    return {name: value for name, value in os.environ.items() if name != "CI"} | more


def started(*words: str, streams: str) -> tuple[str, ...]:
    """Return the command with redirected streams."""
    return ("sh", "-c", f'exec "$@" {streams}', "sh", *CONSOLE, *words)


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", ALL])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("variants",), 0),
        (("runs", "--format", "json"), 0),
        (("replay", "demo", "--speed", "max", "--format", "plain"), 0),
        (("plan", "--backend", "nosuch"), 2),
        (("guides",), 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_closed_streams_change_neither_exit_code_nor_output(
    folder: Path, streams: str, words: tuple[str, ...], code: int
) -> None:
    command = started(*words, streams=streams)
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    if streams in {"<&-", "2>&-"} and code == 0 and words[0] != "runs":
        assert ran.stdout


@pytest.mark.parametrize("streams", ["<&-", ">&-", ALL])
def test_the_console_needs_a_terminal(folder: Path, streams: str) -> None:
    ran = subprocess.run(
        started(streams=streams), cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    if streams != ALL:
        assert "the console needs a terminal" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("streams", ["2>err.txt", "2>/dev/null", "2>&-"])
def test_the_console_is_drawn_although_standard_error_is_redirected(
    folder: Path, streams: str
) -> None:
    command = started("replay", "demo", streams=streams)
    with Screen(command, cwd=folder, environment=at_a_terminal()) as terminal:
        terminal.shows("2 Run", "redis")
        terminal.press("q")
        assert terminal.exit_code() == 0
    if streams.endswith("txt"):
        assert (folder / "err.txt").read_text() == ""


def test_a_terminal_without_unicode_is_refused(folder: Path) -> None:
    environment = at_a_terminal(PYTHONIOENCODING="latin-1")
    command = (*CONSOLE, "replay", "demo")
    with Screen(command, cwd=folder, environment=environment) as terminal:
        assert terminal.exit_code() == 2
        assert "the console needs a UTF-8 locale" in terminal.text
        assert "LC_ALL=C.UTF-8" in terminal.text
