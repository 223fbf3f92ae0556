"""The bench's rows: what holds, what is missed, and how figures are told."""

import json

import pytest

from tests.bench.rows import Row, figure, keep, table

FAST = Row("Builds", "cold", "s", (18.0, 20.0, 19.0), "one bake", (20.0, 20.0), ("≤", 0.96))
SLOW = Row("Builds", "warm", "s", (3.0,), "one bake", (1.0,), ("≤", 1.8))
GAP = Row("Console", "gap", "ms", (0.0217,), wanted=("≤", 0.05))
ALONE = Row("Console", "lines", "", (239920.0,))


@pytest.mark.parametrize(
    ("row", "holds"), [(FAST, True), (SLOW, False), (GAP, True), (ALONE, None)]
)
def test_the_median_of_ours_is_held_against_the_peer_or_the_figure(row: Row, holds: bool | None):
    assert row.holds is holds


def test_more_is_better_where_more_is_wanted():
    assert Row("", "", "", (100.0,), "Log", (40.0,), ("≥", 2.0)).holds
    assert not Row("", "", "", (100.0,), "Log", (60.0,), ("≥", 2.0)).holds


def test_a_peer_that_took_no_time_gives_no_verdict():
    assert Row("", "", "s", (1.0,), "nobody", (0.0,), ("≤", 2.0)).holds is None


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (0.0217, "ms", "21.7 ms"),
        (7_100_000, "MB", "7.1 MB"),
        (0.224, "%", "22.4 %"),
        (239920, "", "239,920"),
        (98000, "lines/s", "98,000 lines/s"),
    ],
)
def test_figures_are_told_in_their_unit(value: float, unit: str, told: str):
    assert figure(value, unit) == told


def test_a_part_has_one_heading_and_what_is_missed_is_said():
    told = table([FAST, SLOW, GAP])
    assert told.count("### Builds") == told.count("### Console") == 1
    assert "| cold | 19 s (18 s–20 s) | one bake | 20 s (20 s–20 s) | 0.95 | ≤ 0.96 × | ✓ |" in told
    assert "| ≤ 1.8 × | ✗ missed |" in told
    assert "| gap | 21.7 ms |  |  |  | ≤ 50 ms | ✓ |" in told


def test_json_has_every_round(tmp_path):
    keep([FAST, ALONE], tmp_path)
    first, second = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert (first["ours"], first["ratio"], first["holds"]) == ([18.0, 20.0, 19.0], 0.95, True)
    assert (second["theirs"], second["ratio"], second["wanted"]) == ([], None, None)
