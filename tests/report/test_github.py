"""The step summary: appended to existing text and never longer than GitHub allows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from openhqm_tui.cli.output.follow import follow_to_the_end
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.report.formats.github import append_summary, as_summary
from openhqm_tui.report.gather import read_report
from tests.recordings import copied, recording


def test_the_summary_is_appended(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    report = read_report(recording("checked"))
    append_summary(file, report)
    append_summary(file, report)
    assert file.read_text() == "before\n" + 2 * as_summary(report)


def test_the_summary_is_cut_to_the_limit() -> None:
    report = read_report(recording("bake_fails"))
    many = msgspec.structs.replace(report, lanes=report.lanes * 5000)
    for most in (500, 2000, 100_000):
        summary = as_summary(many, most)
        assert len(summary.encode()) <= most
        assert summary.endswith("writes the full report.\n")
    assert "Truncated" not in as_summary(report)


def test_an_unwritable_summary_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="can't write the step summary"):
        append_summary(tmp_path / "nowhere" / "x", read_report(recording("checked")))


@pytest.mark.parametrize("name", ["checked", "bake_fails"])
def test_a_build_appends_the_summary_at_its_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    folder = copied(name, tmp_path / "run")
    follow_to_the_end(folder, "plain")
    assert not file.exists()
    follow_to_the_end(folder, "github")
    assert file.read_text() == as_summary(read_report(folder))
    assert file.read_text() not in capsys.readouterr().out


def test_a_failed_summary_does_not_change_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "x"))
    assert follow_to_the_end(recording("checked"), "github") == 0
    assert "can't write the step summary" in capsys.readouterr().err
