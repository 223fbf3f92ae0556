"""`openhqm-tui report`: the run, the format and the output file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied


@pytest.fixture
def folder(own_home: Path) -> RunFolder:
    return copied("checked", own_home / "state" / "runs" / "20261123-163211-eccd")


def test_by_default_the_latest_run_is_reported_as_markdown(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 0
    assert capsys.readouterr().out.startswith("# Build test results\n")


@pytest.mark.parametrize(
    ("form", "start"),
    [("html", "<!doctype html>"), ("junit", "<?xml"), ("json", "{"), ("github", "## openhqm-tui")],
)
def test_every_format_can_be_written_to_a_file(
    folder: RunFolder, form: str, start: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out"
    assert main(["report", "20261123", "--format", form, "-o", str(file)]) == 0
    assert file.read_text(encoding="utf-8").startswith(start)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"openhqm-tui: wrote {file}\n"


def test_a_path_names_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = copied("bake_fails", tmp_path / "elsewhere")
    assert main(["report", str(elsewhere.path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"]["outcome"] == "failed"


def test_the_github_format_is_written_to_the_step_summary(
    folder: RunFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert main(["report", "--format", "github"]) == 0
    assert capsys.readouterr().out == ""
    assert file.read_text().startswith("## openhqm-tui\n")
    assert main(["report", "--format", "md"]) == 0
    assert capsys.readouterr().out.startswith("# Build test results")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "nope"], "there is no run 'nope'"),
        (["report", "--format", "htm"], "did you mean html?"),
        (["report", "-o", "nowhere/x"], "can't write nowhere/x (No such file or directory)"),
        (["report", "--output", "."], "can't write . (Is a directory)"),
    ],
)
def test_wrong_runs_formats_and_outputs_are_refused(
    folder: RunFolder,
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert message in capsys.readouterr().err
