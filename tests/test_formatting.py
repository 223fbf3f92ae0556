"""Durations, sizes, counts and times read the same in every front end."""

from __future__ import annotations

import pytest

from openhqm_tui.cli.output.summary import COLUMNS, cells, last_line, rows_of
from openhqm_tui.domain.formatting import (
    axis_text,
    change_text,
    clock_text,
    count_text,
    duration_text,
    elapsed_text,
    local_time_text,
    percent_text,
    progress_text,
    recent_time_text,
    size_text,
    time_left_text,
    utc_time_text,
)
from openhqm_tui.domain.history.estimate import Estimate
from openhqm_tui.report.catalog import rendered
from openhqm_tui.report.gather import report_of
from openhqm_tui.run.follow.eta import estimate_text, expected_text, left_text
from openhqm_tui.tui.checks.text import lane_lines
from openhqm_tui.tui.widgets.status_line import run_word
from tests.recordings import recording, state_of

# 2026-11-23 16:32:11 UTC
MOMENT = 1795451531.49


@pytest.mark.parametrize(
    ("seconds", "clock", "duration", "left"),
    [
        (0.0, "0:00", "0.0 s", "0:01"),
        (0.3, "0:00", "0.3 s", "0:01"),
        (1.0, "0:01", "1.0 s", "0:01"),
        (4.19, "0:04", "4.1 s", "0:05"),
        # As a difference of two times it is slightly less than 4.1.
        (1795451535.6 - MOMENT - 0.01, "0:04", "4.1 s", "0:05"),
        (9.99, "0:09", "9.9 s", "0:10"),
        (10.0, "0:10", "0:10", "0:10"),
        (59.6, "0:59", "0:59", "1:00"),
        (60.0, "1:00", "1:00", "1:00"),
        (3599.9, "59:59", "59:59", "1:00:00"),
        (3723.0, "1:02:03", "1:02:03", "1:02:03"),
    ],
)
def test_elapsed_time_is_rounded_down_and_time_left_up(
    seconds: float, clock: str, duration: str, left: str
) -> None:
    assert clock_text(seconds) == elapsed_text(seconds, running=True) == clock
    assert duration_text(seconds) == elapsed_text(seconds, running=False) == duration
    assert time_left_text(seconds) == left
    assert left_text(Estimate(seconds)) == f"{left} left"
    assert left_text(Estimate(seconds, whole=False)) == f"over {left} left"
    assert estimate_text(Estimate(seconds)) == f"about {left}"
    assert expected_text(Estimate(seconds, count=2)) == f"takes about {left}, based on 2 builds"


@pytest.mark.parametrize("seconds", [0.4, 9.99, 59.6, 3723.0])
def test_a_duration_reads_the_same_in_every_front_end(seconds: float) -> None:
    folder = recording("checked")
    state = state_of(folder)
    state.started = state._sat_down = MOMENT
    state.ended = state.last_at = MOMENT + seconds
    expected = duration_text(seconds)
    assert run_word(state, state.last_at).plain.endswith(f" · {expected}")
    assert f" in {expected} ·" in last_line(state)
    report = report_of(folder, state, state.last_at)
    assert f" in {expected}" in report.run.sentence
    for form in ("md", "html"):
        assert report.run.sentence in rendered(report, form)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (29, "29 B"),
        (999, "999 B"),
        (9_070, "9.07 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (9_996_000, "10.0 MB"),
        (41_536_849, "41.5 MB"),
        (99_960_000, "100 MB"),
        (999_950_000, "1.00 GB"),
        (1_234_000_000, "1.23 GB"),
        (2_500_000_000_000_000, "2500 TB"),
    ],
)
def test_a_size_reads_the_same_in_every_front_end(size: int, expected: str) -> None:
    assert size_text(size) == expected
    folder = recording("checked")
    state = state_of(folder)
    lane = state.lanes[0]
    lane.content_size = size
    assert any(f" {expected} compressed" in line.plain for line in lane_lines(lane))
    assert cells(rows_of(state)[0])[COLUMNS.index("size")] == expected
    report = report_of(folder, state, state.last_at)
    assert f"| {expected} |" in rendered(report, "md")
    assert f">{expected}<" in rendered(report, "html")


def test_both_sizes_of_a_progress_share_the_unit() -> None:
    assert progress_text(12_400_000, 61_000_000) == "12.4 / 61.0 MB"
    assert progress_text(900_000, 61_000_000) == "900 kB / 61.0 MB"
    assert progress_text(61_000_000, 61_000_000) == "61.0 MB"


def test_an_unknown_value_is_a_dash() -> None:
    assert duration_text(None) == size_text(None) == percent_text(None) == "–"
    assert estimate_text(None) == "no estimate yet"


def test_an_uncertain_estimate_shows_its_spread() -> None:
    assert estimate_text(Estimate(11.2, 1.0)) == "about 0:12"
    assert estimate_text(Estimate(11.2, 8.5)) == "about 0:12 (± 0:09)"
    assert estimate_text(Estimate(11.2, 8.5, whole=False)) == "over 0:12"


@pytest.mark.parametrize(
    ("part", "expected"),
    [(0, "0 %"), (0.001, "1 %"), (0.516, "52 %"), (0.999, "99 %"), (1, "100 %"), (1.5, "150 %")],
)
def test_only_the_whole_is_100_percent(part: float, expected: str) -> None:
    assert percent_text(part) == expected


def test_counts_changes_axes_and_times_are_formatted() -> None:
    assert [count_text(number, "image") for number in (0, 1, 4)] == [
        "0 images",
        "1 image",
        "4 images",
    ]
    assert [change_text(ratio) for ratio in (1, 0.994, 1.12)] == ["0.0 %", "−0.6 %", "+12.0 %"]
    assert [axis_text(at) for at in (0, 0.5, 5, 90)] == ["0", "0.5 s", "5 s", "1:30"]
    assert utc_time_text(MOMENT) == "2026-11-23 16:32:11 UTC"
    assert recent_time_text(MOMENT, MOMENT) in local_time_text(MOMENT)
    assert recent_time_text(MOMENT, MOMENT + 2 * 86400) == local_time_text(MOMENT)
