"""The output of `check`, and verdicts in a run's summary: as text, JSON and for Actions."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from openhqm_tui.cli.output.check import show
from openhqm_tui.cli.output.plain import GithubOutput
from openhqm_tui.cli.output.summary import check_lines, rows_of, tally
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run import events as journal
from openhqm_tui.run.checks.images import CheckedImage
from openhqm_tui.run.follow.follower import Follower, state_of
from tests.recordings import copied, recording

GOOD = Verdict(check="index", answer=Answer.PASS, evidence="linux/amd64")
WARNED = Verdict(check="caches", answer=Answer.WARN, evidence="/root/.cache", expected="none")
UNKNOWN = Verdict(
    check="python", answer=Answer.UNKNOWN, evidence="the emulator crashed", how="emulated"
)
FAILED = Verdict(
    check="binaries",
    answer=Answer.FAIL,
    evidence="x.so is x86_64\n::add-mask::all ##[group]",
    expected="all aarch64",
)
LANES = [
    CheckedImage("acme/api:1", "linux/amd64", False, (GOOD, WARNED)),
    CheckedImage("acme/api:1", "linux/arm64", True, (WARNED, UNKNOWN, GOOD, FAILED)),
]


def shown(form: str, lanes: list[CheckedImage] = LANES, *, verbose: bool = False) -> list[str]:
    out = io.StringIO()
    show(lanes, form, out, verbose=verbose)
    return out.getvalue().splitlines()


def test_each_lane_lists_its_failed_checks_worst_first() -> None:
    amd64, cache, expected, hint, arm64, *rest, empty, last = shown("plain")
    assert amd64 == "acme/api:1  linux/amd64 native    ✓ verified      1/2 pass, caches: warn"
    assert cache == "  ! caches: warn: /root/.cache"
    assert expected == "      expected none"
    assert hint.startswith("      fix      Keep caches out of layers")
    assert arm64 == (
        "acme/api:1  linux/arm64 emulated  ✗ failed        "
        "1/4 pass, binaries: fail, python: unknown, 1 more"
    )
    marks = [line.split()[0] for line in rest if line.startswith("  ") and line[2] != " "]
    assert marks == ["✗", "?", "!"]
    assert (empty, last) == ("", "2 images: 1 verified, 1 failed")


def test_verbose_output_lists_every_verdict_and_how_it_was_checked() -> None:
    lines = shown("plain", verbose=True)
    assert "  ✓ index: pass: linux/amd64" in lines
    assert "  ? python: unknown (emulated): the emulator crashed" in lines
    assert len([line for line in lines if line.startswith("  ") and line[2] != " "]) == 6


def test_json_has_everything() -> None:
    amd64, arm64 = (json.loads(line) for line in shown("json"))
    assert (amd64["image"], amd64["platform"], amd64["emulated"]) == (
        "acme/api:1",
        "linux/amd64",
        False,
    )
    assert arm64["verdicts"][1] == {
        "check": "python",
        "answer": "unknown",
        "evidence": "the emulator crashed",
        "expected": "",
        "how": "emulated",
    }


def test_actions_gets_annotations_and_executes_nothing_from_an_image() -> None:
    lines = shown("github")
    stop = next(index for index, line in enumerate(lines) if line.startswith("::stop-commands::"))
    annotations = lines[:stop]
    assert [line.split(" ")[0] for line in annotations] == [
        "::warning",
        "::error",
        "::error",
        "::warning",
    ]
    assert annotations[1].startswith(
        "::error title=binaries · acme/api%3A1 linux/arm64::binaries: fail: x.so is x86_64"
    )
    assert "expected all aarch64%0A" in annotations[1], "the hint has its own line"
    word = lines[stop].removeprefix("::stop-commands::")
    assert lines[-1] == f"::{word}::"
    assert not any("\n" in line for line in annotations)


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ((), "not run"),
        ((GOOD,), "1/1 pass"),
        ((GOOD, WARNED), "1/2 pass, caches: warn"),
        ((WARNED, FAILED, UNKNOWN), "0/3 pass, binaries: fail, python: unknown, 1 more"),
    ],
)
def test_verdicts_are_summarized(verdicts: tuple[Verdict, ...], text: str) -> None:
    assert tally(verdicts) == text


# -- in a run's summary -----------------------------------------------------------------------


def test_a_warning_is_shown_and_the_image_stays_verified() -> None:
    state = state_of(recording("checked"))
    state.lanes[0].verdicts = (GOOD, WARNED)
    row = rows_of(state)[0]
    assert (row.result, row.checks) == ("verified", "1/2 pass, caches: warn")
    assert row.verdicts == (GOOD, WARNED)
    lines = check_lines(state, Path("/runs/x"))
    assert lines[0] == "! minimal · linux/amd64 · checks (native)"
    assert lines[1] == "  ! caches: warn: /root/.cache"


def test_a_run_in_actions_annotates_failed_checks(tmp_path: Path) -> None:
    folder = copied("checked", tmp_path / "run")
    again = journal.LaneChecked(
        at=2e9, target="redis", platform="linux/arm64", verdicts=(GOOD, FAILED), emulated=True
    )
    *events, last = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(events))
    folder.append(again)
    with folder.events_file.open("ab") as file:
        file.write(last)
    follower, out = Follower(folder), io.StringIO()
    output = GithubOutput(follower, out)
    while not follower.finished:
        output.update(follower.poll())
    output.end()
    (error,) = [line for line in out.getvalue().splitlines() if line.startswith("::error")]
    assert error.startswith("::error title=binaries · redis linux/arm64::binaries: fail: x.so")
