"""Figures as reports write them."""

from __future__ import annotations

import pytest

from openhqm_tui.report.text import change, clock, megabytes, moment, percent, timestamp, took


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (28.34, "28.3 s"), (59.96, "1:00 min"), (284, "4:44 min"), (3723, "1:02:03 h")],
)
def test_a_duration(seconds: float, words: str) -> None:
    assert clock(seconds) == words
    assert took(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (29, "29 B"),
        (9070, "9.1 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (41_536_849, "41.5 MB"),
        (1_494_000_000, "1494.0 MB"),
    ],
)
def test_bytes(size: int, words: str) -> None:
    assert megabytes(size) == words


def test_unmeasured_figures_are_marked() -> None:
    assert took(None) == percent(None) == "–"


@pytest.mark.parametrize(
    ("part", "words"),
    [(0, "0 %"), (0.001, "1 %"), (0.516, "52 %"), (0.999, "99 %"), (1, "100 %"), (1.5, "150 %")],
)
def test_a_part(part: float, words: str) -> None:
    assert percent(part) == words


@pytest.mark.parametrize(("ratio", "words"), [(1, "0.0 %"), (0.994, "−0.6 %"), (1.12, "+12.0 %")])
def test_a_change(ratio: float, words: str) -> None:
    assert change(ratio) == words


def test_moments_are_utc() -> None:
    assert moment(1795451531.49) == "2026-11-23 16:32:11 UTC"
    assert timestamp(1795451531.49) == "2026-11-23T16:32:11"
