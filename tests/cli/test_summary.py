"""The summary at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.cli.output.summary import (
    COLUMNS,
    aligned,
    cause_lines,
    cells,
    check_lines,
    failures_of,
    last_line,
    rows_of,
    table_lines,
)
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.failures.causes import FailureCause, causes_of
from openhqm_tui.domain.failures.failure import Failure
from openhqm_tui.domain.run.status import STATUS_TEXTS, Status
from tests.recordings import NAMES, recording, state_of


@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_a_complete_row_for_every_lane(name: str) -> None:
    state = state_of(recording(name))
    rows = rows_of(state)
    assert [(row.target, row.platform) for row in rows] == [lane.key for lane in state.lanes]
    lines = table_lines(state)
    assert len(lines) == 1 + len(state.lanes)
    for row, line in zip(rows, lines[1:], strict=True):
        assert line.startswith(row.target)
        assert f"{row.platform} {row.how}" in line
        word = "stopped" if row.result == "stopped" else STATUS_TEXTS[Status(row.status)].word
        assert word in line
    images = "1 image" if len(rows) == 1 else f"{len(rows)} images"
    assert last_line(state).startswith(f"{images}: ")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("checked", "4 images: 4 verified in"),
        ("failed", "4 images: 2 built, 1 stopped, 1 failed in"),
        ("bake_fails", "4 images: 1 failed, 1 stopped, 2 verified in"),
        ("cancelled", "4 images: 4 cancelled in"),
    ],
)
def test_the_last_line_counts_the_images(name: str, sentence: str) -> None:
    assert last_line(state_of(recording(name))).startswith(sentence)


def test_cells_match_their_columns() -> None:
    state = state_of(recording("checked"))
    row = rows_of(state)[0]
    assert len(cells(row)) == len(COLUMNS)
    values = dict(zip(COLUMNS, cells(row), strict=True))
    assert values["target"] == "minimal"
    assert values["platform"] == "linux/amd64 native"
    assert values["result"] == "✓ verified"
    assert values["build time"].endswith("(cached)")
    assert values["size"].endswith(" MB")
    assert values["checks"] == "8/8 pass"


def test_a_failed_check_is_named() -> None:
    state = state_of(recording("checked"))
    lane = state.lanes[1]
    lane.verdicts = (
        Verdict(check="index", answer=Answer.PASS),
        Verdict(check="machine", answer=Answer.FAIL, evidence="x86_64", expected="aarch64"),
        Verdict(check="python", answer=Answer.UNKNOWN, evidence="exec format error"),
    )
    row = rows_of(state)[1]
    assert (row.status, row.result) == ("failed", "check failed")
    assert row.checks == "1/3 pass, machine: fail, python: unknown"
    assert check_lines(state, Path("/runs/x")) == [
        "✗ minimal · linux/arm64 · checks (emulated)",
        "  ✗ machine: fail: x86_64",
        "      expected aarch64",
        "      fix      The image contains the userland of another platform: check the FROM of the "
        "final stage.",
        "  ? python: unknown: exec format error",
        "      fix      The program is for another architecture, and no emulator for it is "
        "registered: `openhqm-tui doctor --fix` registers one.",
        "  evidence /runs/x/checks/minimal.linux-arm64.json",
    ]


def test_checks_of_verified_images_are_listed_only_if_verbose() -> None:
    state = state_of(recording("checked"))
    assert check_lines(state, Path("/runs/x")) == []
    lines = check_lines(state, Path("/runs/x"), verbose=True)
    assert sum(line.startswith("  ✓ ") for line in lines) == 32
    assert "✓ minimal · linux/amd64 · checks (native)" in lines


def test_a_failure_names_the_full_path_of_its_log() -> None:
    (failure,) = failures_of(state_of(recording("failed")), Path("/runs/x"))
    assert failure.log_file == "/runs/x/kafka.log"
    lines = cause_lines(FailureCause((failure,)))
    assert lines[0] == "✗ kafka · linux/arm64 · stage build"
    assert "  line    Dockerfile:6" in lines
    assert "  reason  this is why (exit code 7)" in lines
    assert "  │ this is why" in lines
    assert lines[-1] == "  log     /runs/x/kafka.log"


def test_unknown_details_of_a_failure_are_left_out() -> None:
    failure = Failure(target="redis", reason="boom")
    assert cause_lines(FailureCause((failure,))) == ["✗ redis", "  reason  boom"]


def test_targets_that_failed_of_one_cause_are_one_block() -> None:
    failures = [
        Failure(
            target=name,
            platform="linux/amd64",
            stage="kafka",
            step="kafka 1/1 RUN --mount=type=secret,id=x install",
            where="Dockerfile:5",
            reason="error: no wheels (exit code 1)",
            log_file=f"/runs/x/{name}.log",
        )
        for name in ("kafka", "all")
    ]
    (cause,) = causes_of(failures)
    assert cause_lines(cause) == [
        "✗ 2 targets: kafka, all · linux/amd64 · stage kafka",
        "  reason  error: no wheels (exit code 1)",
        "  step    kafka 1/1 RUN install",
        "  line    Dockerfile:5",
        "  log     /runs/x/kafka.log",
        "  log     /runs/x/all.log",
    ]


def test_columns_are_aligned() -> None:
    assert aligned([("a", "bb"), ("ccc", "")]) == ["a    bb", "ccc"]
