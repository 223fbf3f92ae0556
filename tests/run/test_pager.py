"""The user's pager, and the complete log that it gets."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.engine.terminal import page, pager_command
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.run.runner.text_log import whole_log
from tests.tui import folders

HERE = {"less", "more", "bat"}


def which(here: set[str]):
    return lambda name: f"/usr/bin/{name}" if name in here else None


@pytest.mark.parametrize(
    ("pager", "here", "command"),
    [
        (None, HERE, ["less", "-R"]),
        ("", HERE, ["less", "-R"]),
        ("  ", {"more"}, ["more"]),
        ("bat --plain -l log", HERE, ["bat", "--plain", "-l", "log"]),
        ("less '-P a b'", HERE, ["less", "-P a b"]),
    ],
)
def test_the_pager_is_the_users_own_or_the_best_installed(pager, here, command):
    environment = {} if pager is None else {"PAGER": pager}
    assert pager_command(environment, which(here)) == command


@pytest.mark.parametrize(
    ("pager", "here", "words"),
    [
        ("", set(), "no pager found"),
        ("lass -R", HERE, "the pager 'lass' isn't installed"),
        ("less 'open", HERE, "PAGER can't be parsed: less 'open"),
    ],
)
def test_an_unusable_pager_is_reported(pager, here, words):
    with pytest.raises(UsageProblem, match=words):
        pager_command({"PAGER": pager}, which(here))


def test_the_pager_gets_the_file_and_handles_ctrl_c(tmp_path: Path, monkeypatch):
    script = tmp_path / "pager"
    # It is interrupted together with its parent, as by Ctrl+C in a terminal.
    script.write_text(
        f"#!/bin/sh\ntrap 'echo interrupted >> {tmp_path}/output' INT\n"
        f'kill -INT $PPID; kill -INT $$; cat "$2" >> {tmp_path}/output\n'
    )
    script.chmod(0o700)
    log = tmp_path / "a log.txt"
    log.write_text("all of it\n")
    monkeypatch.setenv("PAGER", f"{script} -x")
    before = signal.getsignal(signal.SIGINT)
    page(log)
    assert (tmp_path / "output").read_text() == "interrupted\nall of it\n"
    assert signal.getsignal(signal.SIGINT) is before


def target_of(made: folders.Made, name: str):
    return read_run(made.run).targets[name]


def test_a_finished_target_has_its_log_in_the_run_folder(tmp_path: Path):
    made = folders.failed(tmp_path)
    log = made.run.path / "kafka.log"
    log.write_text("all of it\n")
    assert whole_log(made.run, target_of(made, "kafka")) == (log, False)


@pytest.mark.parametrize("finished", [True, False])
def test_a_temporary_log_is_readable_only_by_its_owner(tmp_path: Path, finished):
    made = folders.Made(tmp_path, ("redis",)).hold().start().begin("redis").build("redis", 3)
    made.write("redis", "ERROR: \x1b[31mred\x1b[0m")
    if finished:
        made.finish("redis", Outcome.CANCELLED, 7)
    file, temporary = whole_log(made.run, target_of(made, "redis"))
    made.release()
    assert temporary
    text = file.read_text()
    assert "== redis linux/arm64 ==\n" in text
    assert "Prepared 14 packages in 1.41s\n" in text
    assert text.endswith("== buildx ==\nERROR: red\n")
    assert "\x1b" not in text
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.unlink()
    file.parent.rmdir()
