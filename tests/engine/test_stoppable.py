"""Stopping a running script ends it with all its children."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event, Thread

import pytest

from openhqm_tui.engine.docker.command import (
    NOT_FOUND,
    STOPPED,
    TIMED_OUT,
    CommandResult,
    stoppable,
    stoppable_capture,
)
from openhqm_tui.engine.doctor import apply
from openhqm_tui.engine.doctor.apply import Rights, rights_unasked
from tests.processes import is_gone
from tests.waiting import until


def run(script: str, stop: Event | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []
    return stoppable(stop or Event())(script, lines.append), lines


@pytest.mark.parametrize(
    ("script", "code", "lines"),
    [
        ("echo one; echo two >&2", 0, ["one", "two"]),
        ("echo before; false; echo after", 1, ["before"]),
        ("echo $UNSET_HERE", 2, None),
        (r"printf '10%%\r50%%\rdone\n'", 0, ["done"]),
        ("printf 'no newline'", 0, ["no newline"]),
        (r"printf '\377\n'", 0, ["\ufffd"]),
        ("exit 7", 7, []),
    ],
)
def test_the_output_and_exit_code_of_a_script_are_returned(
    script: str, code: int, lines: list[str] | None
) -> None:
    ended, output = run(script)
    assert ended in ({code, 127} if lines is None else {code})
    if lines is not None:
        assert output == lines


def test_background_processes_are_not_waited_for() -> None:
    code, lines = run("sleep 60 & echo $!")
    assert code == 0
    os.kill(int(lines[0]), 9)


def test_stopping_ends_the_children() -> None:
    stop = Event()
    pids: list[int] = []

    def report(line: str) -> None:
        pids.append(int(line))
        stop.set()

    assert stoppable(stop)("sleep 600 & echo $!; wait", report) == STOPPED
    # The signal reaches both together; the child may end slightly later than the script.
    until(lambda: is_gone(pids[0]), "the child is gone")


def test_a_script_that_closed_its_output_can_be_stopped(tmp_path: Path) -> None:
    stop = Event()
    closed = tmp_path / "closed"

    def stops() -> None:
        until(closed.exists)
        stop.set()

    watcher = Thread(target=stops)
    watcher.start()
    script = f"exec >/dev/null 2>&1; touch {closed}; exec sleep 600"
    assert stoppable(stop)(script, print) == STOPPED
    watcher.join()


def test_a_script_that_ignores_the_first_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openhqm_tui.engine.docker.command._STOP_GRACE_SECONDS", 0.2)
    stop = Event()
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    assert stoppable(stop)(script, lambda _: stop.set()) == STOPPED


def test_a_missing_sudo_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines: list[str] = []
    assert stoppable(Event())("true", lines.append, sudo=True) == NOT_FOUND
    assert lines == ["sudo: No such file or directory"]


@pytest.mark.parametrize(
    ("available", "code", "expected"),
    [
        (Rights.ROOT, 1, Rights.ROOT),
        (Rights.NONE, 1, Rights.NONE),
        (Rights.SUDO, 0, Rights.SUDO),
        (Rights.SUDO, 1, Rights.PASSWORD),
    ],
)
def test_without_a_prompt_sudo_needs_a_password(
    monkeypatch: pytest.MonkeyPatch, available: Rights, code: int, expected: Rights
) -> None:
    monkeypatch.setattr(apply, "rights", lambda: available)
    assert rights_unasked(run=lambda *_, timeout: [CommandResult(code)]) is expected


def test_a_captured_command_can_be_stopped() -> None:
    stop = Event()
    run = stoppable_capture(stop)
    assert run(["echo", "hi"], timeout=60) == [CommandResult(0, "hi\n")]
    assert run(["sleep", "60"], timeout=0.2)[0].code == TIMED_OUT
    stop.set()
    (ended,) = run(["sh", "-c", "sleep 600"], timeout=600)
    assert (ended.code, ended.last_words) == (STOPPED, "stopped")
    assert run(["nonesuch-program"], timeout=1)[0].code == NOT_FOUND
