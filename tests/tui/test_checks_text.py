"""The results of a run's checks as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.content import Content

from openhqm_tui.domain.checks.catalog import CHECKS
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.published import PublishedImage
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.follower import read_run, state_of
from openhqm_tui.tui.checks.table import layouts
from openhqm_tui.tui.checks.text import answer_cell, lane_lines, summary_words
from openhqm_tui.tui.widgets.table import CellTable
from tests.tui import folders


def pushing(*events: journal.AnyEvent) -> RunState:
    info = RunInfo(
        id="run",
        created=1.0,
        push=True,
        targets=(
            TargetInfo(name="all", variant="all", platforms=("linux/amd64",), tags=("x:1", "x:2")),
        ),
    )
    state = RunState(info)
    for event in (journal.RunStarted(at=1.0, pid=1), *events):
        state.apply_event(event)
    return state


STARTED = journal.PushStarted(at=2.0, target="all")
READ_BACK = journal.ReadBack(
    at=2.5,
    target="all",
    name="x:1",
    digest="sha256:abc",
    images=(PublishedImage("linux/amd64", "sha256:a"), PublishedImage("linux/arm64", "sha256:b")),
    attestations=1,
)
RUN_ENDED = journal.RunEnded(at=4.0, outcome=Outcome.FAILED)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((), "push starts once all images are verified"),
        ((STARTED,), "▸ pushing all"),
        (
            (STARTED, journal.PushEnded(at=3.0, target="all", outcome=Outcome.PASSED)),
            "✓ 2 tags pushed",
        ),
        (
            (STARTED, READ_BACK, journal.PushEnded(at=3.0, target="all", outcome=Outcome.PASSED)),
            "✓ 2 tags pushed: index sha256:abc, 2 platforms, 1 attestation",
        ),
        (
            (
                STARTED,
                READ_BACK,
                journal.ReadBack(at=2.5, target="all", name="x:2", digest="sha256:abc"),
                journal.PushEnded(at=3.0, target="all", outcome=Outcome.PASSED),
            ),
            "✓ 2 tags pushed and read back",
        ),
        (
            (STARTED, journal.PushEnded(at=3.0, target="all", outcome=Outcome.FAILED, reason="no")),
            "✗ push failed: no",
        ),
        ((RUN_ENDED,), "nothing pushed"),
    ],
)
def test_the_summary_shows_the_status_of_the_push(
    events: tuple[journal.AnyEvent, ...], text: str
) -> None:
    assert summary_words(pushing(*events)).plain.endswith(f" · {text}")


def test_a_lane_shows_the_contents_of_the_registry() -> None:
    (lane,) = pushing(STARTED, READ_BACK).lanes
    expected = "pushed    x:1: index sha256:abc, 2 platforms, 1 attestation"
    assert " ".join(lane_lines(lane)[-1].plain.split()) == " ".join(expected.split())


@pytest.mark.parametrize(
    ("answer", "letters", "text"),
    [
        (Answer.PASS, 0, "✓ pass"),
        (Answer.PASS, 20, "✓ uid 1000"),
        (Answer.PASS, 5, "✓ uid …"),
        (Answer.FAIL, 20, "✗ fail uid 1000"),
        (Answer.UNKNOWN, 20, "? unknown uid 1000"),
        (Answer.WARN, 0, "! warn"),
    ],
)
def test_a_verdict_is_shortened_to_its_cell(answer: Answer, letters: int, text: str) -> None:
    verdict = Verdict(check="user", answer=answer, evidence="uid 1000")
    assert answer_cell(verdict, letters).plain == text


def test_a_run_without_a_push_does_not_mention_one(tmp_path: Path) -> None:
    made = folders.passed(tmp_path, ("redis",))
    assert (
        summary_words(state_of(made.run)).plain
        == "2 images · ✓ 2 verified · 42 of 42 checks passed"
    )


def test_an_image_is_not_queued_for_checks_that_are_disabled(tmp_path: Path) -> None:
    made = folders.Made(tmp_path, ("redis",), check=False).start().begin("redis")
    lines = [line.plain for line in lane_lines(state_of(made.run).lanes[0])]
    assert "Checks are disabled for this run." in lines


class _Counted(list[list[Content]]):
    """Rows that record which of them are read."""

    def __init__(self, number: int) -> None:
        super().__init__([[Content(f"image {row}"), Content("pass")] for row in range(number)])
        self.read: set[int] = set()

    def __getitem__(self, index: Any) -> Any:
        self.read.add(index)
        return super().__getitem__(index)


def test_a_table_measures_only_rows_in_sight():
    table, rows = CellTable(), _Counted(5000)
    table.show(("image", "result"), rows)
    assert len(rows.read) <= 40
    assert table._widths[0] == len("image 39")
    table.go(4999, 0)
    assert table._widths[0] == len("image 4999")
    assert len(rows.read) <= 80


def test_only_lanes_in_sight_are_laid_out(tmp_path: Path):
    made = folders.passed(tmp_path, tuple(f"service-{number}" for number in range(50)))
    lanes = read_run(made.run).lanes
    for layout in layouts(lanes, tuple(CHECKS), 80, range(10)):
        assert len(layout.rows) == 100
        assert "service-49" in layout.rows[99][0].plain
