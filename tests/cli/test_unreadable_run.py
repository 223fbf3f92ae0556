"""If the latest run can't be read, it is named and the latest readable one is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli import completion
from openhqm_tui.domain.run.events import SCHEMA
from openhqm_tui.store.paths import ready_state_folder, upgrade_command
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.recordings import copied

Capture = pytest.CaptureFixture[str]
READABLE, LATEST = "20261123-100000-aaaa", "20261123-110000-bbbb"


def of_a_later_schema(run: RunFolder) -> None:
    info = json.loads(run.info_file.read_bytes())
    run.info_file.write_text(json.dumps({**info, "schema": SCHEMA + 1, "version": "9.0.0"}))


def damaged(run: RunFolder) -> None:
    run.info_file.write_bytes(b"{")


@pytest.fixture
def runs(own_home: Path) -> Path:
    folder = runs_folder(ready_state_folder())
    copied("checked", folder / READABLE)
    return folder


@pytest.fixture(params=[of_a_later_schema, damaged], ids=["later-schema", "damaged"])
def latest(request: pytest.FixtureRequest, runs: Path) -> RunFolder:
    run = copied("checked", runs / LATEST)
    make_unreadable: Callable[[RunFolder], None] = request.param
    make_unreadable(run)
    return run


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["report", "--format", "md"], "redis"),
        (["attach", "--format", "plain"], "redis"),
        (["replay", "--format", "plain", "--speed", "max"], READABLE),
    ],
)
def test_the_latest_readable_run_is_used_and_the_other_named(
    latest: RunFolder, words: list[str], shown: str, capsys: Capture
) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert shown in out
    assert LATEST in err.splitlines()[0]
    assert f"using the latest readable run, {READABLE}" in err


@pytest.mark.parametrize("words", [["retry"], ["retry", "redis"], ["resume"]])
def test_retry_and_resume_name_the_unreadable_run(
    latest: RunFolder, words: list[str], capsys: Capture
) -> None:
    assert main(words) == 1  # the readable one has passed
    err = capsys.readouterr().err
    assert LATEST in err.splitlines()[0]
    assert f"run {READABLE}" in err.splitlines()[-1]


def test_cancel_does_not_fall_back_to_another_run(
    runs: Path, latest: RunFolder, capsys: Capture
) -> None:
    for run in (RunFolder(runs / READABLE), latest):
        run.lock()
    assert main(["cancel"]) == 2
    err = capsys.readouterr().err
    assert LATEST in err
    assert "name the run" in err
    assert not RunFolder(runs / READABLE).control_file.exists()


@pytest.mark.parametrize("command", ["report", "attach", "retry"])
def test_a_named_run_is_used(latest: RunFolder, command: str, capsys: Capture) -> None:
    assert main([command, READABLE]) == (1 if command == "retry" else 0)
    assert LATEST not in capsys.readouterr().err
    assert main([command, LATEST]) == 2
    assert LATEST in capsys.readouterr().err


@pytest.mark.parametrize("command", ["report", "attach", "retry", "replay"])
def test_if_no_run_can_be_read_the_latest_is_named(
    runs: Path, latest: RunFolder, command: str, capsys: Capture
) -> None:
    damaged(RunFolder(runs / READABLE))
    assert main([command]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert LATEST in line


def test_many_unreadable_runs_are_counted(runs: Path, capsys: Capture) -> None:
    for number in range(5):
        damaged(copied("checked", runs / f"20261123-12000{number}-cccc"))
    assert main(["report"]) == 0
    *named, counted, used = capsys.readouterr().err.splitlines()
    assert len(named) == 3
    assert "2 more" in counted
    assert READABLE in used


def test_completion_proposes_targets_of_the_latest_readable_run(latest: RunFolder) -> None:
    assert "redis" in completion.run_or_target_names()


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pipx_metadata.json", "pipx upgrade openhqm-tui"),
        ("uv-receipt.toml", "uv tool upgrade openhqm-tui"),
    ],
)
def test_the_upgrade_advice_is_that_of_the_tool_that_installed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, command: str
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert upgrade_command().endswith("pip install --upgrade openhqm-tui")
    (tmp_path / file).touch()
    assert upgrade_command() == command


@pytest.mark.parametrize(
    ("installer", "pip"), [("uv\n", "uv pip"), ("pip\n", "pip"), (None, "pip")]
)
def test_the_upgrade_advice_names_the_installer_of_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installer: str | None, pip: str
) -> None:
    class Distribution:
        def read_text(self, name: str) -> str | None:
            return installer if name == "INSTALLER" else None

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Distribution())
    assert upgrade_command() == f"{pip} install --upgrade openhqm-tui"
