"""The rows of the bench: targets, misses, and formatted figures."""

import json

import pytest

from tests.bench.rows import Row, figure, keep, table

FAST = Row("Builds", "cold", "s", (18.0, 20.0, 19.0), "one bake", (20.0, 20.0), ("≤", 0.96))
SLOW = Row("Builds", "warm", "s", (3.0,), "one bake", (1.0,), ("≤", 1.8))
GAP = Row("Console", "gap", "ms", (0.0217,), wanted=("≤", 0.05))
ALONE = Row("Console", "lines", "", (239920.0,))


@pytest.mark.parametrize(
    ("row", "is_met"), [(FAST, True), (SLOW, False), (GAP, True), (ALONE, None)]
)
def test_the_median_is_compared_with_the_baseline_or_the_limit(row: Row, is_met: bool | None):
    assert row.is_met is is_met


def test_a_minimum_is_met_by_larger_values():
    assert Row("", "", "", (100.0,), "Log", (40.0,), ("≥", 2.0)).is_met
    assert not Row("", "", "", (100.0,), "Log", (60.0,), ("≥", 2.0)).is_met


def test_a_baseline_of_zero_gives_no_result():
    assert Row("", "", "s", (1.0,), "none", (0.0,), ("≤", 2.0)).is_met is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0217, "ms", "21.7 ms"),
        (7_100_000, "MB", "7.1 MB"),
        (0.224, "%", "22.4 %"),
        (239920, "", "239,920"),
        (98000, "lines/s", "98,000 lines/s"),
    ],
)
def test_figures_are_shown_in_their_unit(value: float, unit: str, text: str):
    assert figure(value, unit) == text


def test_each_part_has_one_heading_and_misses_are_marked():
    text = table([FAST, SLOW, GAP])
    assert text.count("### Builds") == text.count("### Console") == 1
    assert "| cold | 19 s (18 s–20 s) | one bake | 20 s (20 s–20 s) | 0.95 | ≤ 0.96 × | ✓ |" in text
    assert "| ≤ 1.8 × | ✗ missed |" in text
    assert "| gap | 21.7 ms |  |  |  | ≤ 50 ms | ✓ |" in text


def test_json_has_every_round(tmp_path):
    keep([FAST, ALONE], tmp_path)
    first, second = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert (first["ours"], first["ratio"], first["is_met"]) == ([18.0, 20.0, 19.0], 0.95, True)
    assert (second["theirs"], second["ratio"], second["wanted"]) == ([], None, None)
