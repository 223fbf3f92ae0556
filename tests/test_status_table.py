"""Each status has one word and one symbol: in console, command line, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from openhqm_tui.cli.output.check import check_annotations
from openhqm_tui.cli.output.summary import COLUMNS, answer_lines, cells, rows_of, tally
from openhqm_tui.domain.checks.verdict import SEVERITIES, Answer, Verdict
from openhqm_tui.domain.run.decisions import result_text, status_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.run.status import (
    RUN_TEXTS,
    STATUS_TEXTS,
    STEP_TEXTS,
    VERDICT_TEXTS,
    Status,
)
from openhqm_tui.report.catalog import rendered
from openhqm_tui.report.gather import report_of
from openhqm_tui.tui.checks.text import answer_cell, lane_lines
from openhqm_tui.tui.core.labels import run_mark, state_mark, step_mark
from tests.recordings import recording, state_of

Change = Callable[[LaneState], None]


def live(lane: LaneState) -> None:
    lane.target.run.outcome = None


def unchecked(lane: LaneState) -> None:
    lane.check_started = lane.check_ended = None
    lane.verdicts = ()


def waiting(lane: LaneState) -> None:
    live(lane)
    unchecked(lane)
    lane.target.started = lane.target.outcome = None


def building(lane: LaneState) -> None:
    live(lane)
    unchecked(lane)
    lane.target.outcome = None


def checking(lane: LaneState) -> None:
    live(lane)
    lane.check_ended = None
    lane.verdicts = ()


def built(lane: LaneState) -> None:
    unchecked(lane)
    lane.target.run.info = msgspec.structs.replace(lane.target.run.info, check=False)


def with_verdict(answer: Answer) -> Change:
    def change(lane: LaneState) -> None:
        lane.verdicts = (Verdict(check="index", answer=answer),)

    return change


def ended(outcome: Outcome) -> Change:
    def change(lane: LaneState) -> None:
        unchecked(lane)
        lane.target.outcome = outcome

    return change


def interrupted(lane: LaneState) -> None:
    building(lane)
    lane.target.run.end_interrupted()


def not_started(lane: LaneState) -> None:
    waiting(lane)
    lane.target.run.end_interrupted()


def as_recorded(lane: LaneState) -> None:
    """No change."""


@pytest.mark.parametrize(
    ("name", "index", "change", "expected"),
    [
        ("checked", 0, waiting, "· waiting"),
        ("checked", 0, building, "▸ building"),
        ("checked", 0, checking, "◆ checking"),
        ("checked", 0, built, "● built"),
        ("checked", 0, as_recorded, "✓ verified"),
        ("checked", 0, with_verdict(Answer.WARN), "✓ verified"),
        ("checked", 0, with_verdict(Answer.WAIVED), "✓ verified"),
        ("checked", 0, with_verdict(Answer.UNKNOWN), "? not verified"),
        ("checked", 0, with_verdict(Answer.FAIL), "✗ check failed"),
        ("checked", 0, ended(Outcome.FAILED), "✗ failed"),
        ("checked", 0, ended(Outcome.CANCELLED), "⊘ cancelled"),
        ("checked", 0, interrupted, "! interrupted"),
        ("checked", 0, not_started, "· not started"),
        ("bake_fails", 0, as_recorded, "✗ failed"),
        ("bake_fails", 1, as_recorded, "− stopped"),
    ],
)
def test_a_status_has_the_same_word_and_symbol_everywhere(
    name: str, index: int, change: Change, expected: str
) -> None:
    folder = recording(name)
    state = state_of(folder)
    lane = state.lanes[index]
    change(lane)
    # In live views of a target, a failed check is shown as a failure.
    shown = state_mark(lane)
    assert f"{shown.symbol} {shown.word}" == str(status_text(lane))
    assert str(status_text(lane)) == expected.replace("check failed", "failed")
    assert str(result_text(lane)) == expected
    assert cells(rows_of(state)[index])[COLUMNS.index("result")] == expected
    report = report_of(folder, state, state.last_at)
    (row,) = [
        line
        for line in rendered(report, "md").splitlines()
        if line.startswith(f"| `{lane.target.name}` | `{lane.platform}` ")
        and f"| {expected} |" in line
    ]
    assert row
    assert f'<span class="{lane.status}">{expected}</span>' in rendered(report, "html")


@pytest.mark.parametrize("table", [STATUS_TEXTS, STEP_TEXTS, RUN_TEXTS])
def test_no_two_statuses_share_a_word(table) -> None:
    assert len({text.word for text in table.values()}) == len(table)


def test_every_status_is_in_the_table() -> None:
    assert set(STATUS_TEXTS) == set(Status)
    assert set(VERDICT_TEXTS) == set(Answer) == set(SEVERITIES)


def test_a_waived_finding_is_shown_with_date_and_reason_everywhere() -> None:
    folder = recording("checked")
    state = state_of(folder)
    lane = state.lanes[0]
    verdict = Verdict(
        check="setuid",
        answer=Answer.WAIVED,
        evidence="until 2027-01-31 (as vendor): /opt/a (4755)",
        waivers=("setuid until 2027-01-31 (as vendor)",),
    )
    lane.verdicts = (verdict,)
    report = report_of(folder, state, state.last_at)
    shown = {
        "console": answer_cell(verdict, 80).plain,
        "details": "\n".join(line.plain for line in lane_lines(lane)),
        "command line": "\n".join(answer_lines(lane.verdicts)),
        "Actions": "\n".join(check_annotations("x", lane.verdicts)),
        **{name: rendered(report, name) for name in ("md", "html", "junit", "json", "github")},
    }
    for name, text in shown.items():
        assert "until 2027-01-31 (as vendor): " in text, name
        assert "waived" in text, name
    assert all("~ waived" in shown[name] for name in ("console", "details", "md", "html"))
    assert shown["Actions"].startswith("::notice ")
    assert 'failures="0"' in shown["junit"]
    assert tally(lane.verdicts) == "0/1 pass, setuid: waived"


def test_a_run_without_checks_is_built_and_not_verified() -> None:
    state = state_of(recording("checked"))
    assert run_mark(state).symbol == "✓"
    built(state.lanes[0])
    assert (run_mark(state).symbol, run_mark(state).word) == ("●", "built")


def test_a_step_stopped_by_buildkit_is_shown_as_stopped() -> None:
    assert step_mark(Status.CANCELLED)[:2] == ("−", "stopped")


def test_run_folders_store_statuses_not_displayed_words() -> None:
    stored = "waiting running checking done cached passed unknown failed cancelled"
    assert [status.value for status in Status] == stored.split()
    events = "".join(recording(name).events_file.read_text() for name in ("checked", "bake_fails"))
    assert not any(word in events for word in ("proved", "verified"))
