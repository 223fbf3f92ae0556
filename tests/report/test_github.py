"""The step summary: short, added to what is there, never more than GitHub shows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.github import append_summary, as_summary
from tests.recordings import recording


def test_it_is_added_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    report = read_report(recording("checked"))
    append_summary(file, report)
    append_summary(file, report)
    assert file.read_text() == "before\n" + 2 * as_summary(report)


def test_it_is_never_too_long() -> None:
    report = read_report(recording("bake_fails"))
    many = msgspec.structs.replace(report, lanes=report.lanes * 5000)
    for most in (500, 2000, 100_000):
        told = as_summary(many, most)
        assert len(told.encode()) <= most
        assert told.endswith("`openhqm-tui report` has it.\n")
    assert "has it" not in as_summary(report)


def test_where_it_cant_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="can't write the step summary"):
        append_summary(tmp_path / "nowhere" / "x", read_report(recording("checked")))
