"""Trends of times and sizes over runs, and their sparklines and columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.history.trends import columns, run_hit_rate, sparkline, trends
from tests.domain.test_comparison import AMD, ARM, MB, lane, run, target


def test_trends_have_a_series_for_each_image_oldest_first() -> None:
    runs = [
        run(target("redis", lane(seconds=3.0, size=MB, steps=4, cached=3)), id="c", created=3.0),
        run(target("kafka", lane(ARM, seconds=9.0)), id="b", created=2.0),
        run(target("redis", lane(seconds=7.0, size=2 * MB)), id="a", created=1.0),
    ]
    redis, kafka = trends(runs, runs[0])
    assert (redis.variant, redis.platform, redis.seconds) == ("redis", AMD, [7.0, 3.0])
    assert (redis.sizes, redis.usual, redis.hit) == ([2.0 * MB, 1.0 * MB], 5.0, 0.75)
    assert (kafka.platform, kafka.hit, kafka.sizes) == (ARM, None, [])


@pytest.mark.parametrize(
    "other",
    [{"imported": True}, {"context": "/elsewhere"}, {"source": "bake"}],
)
def test_runs_from_another_source_are_left_out(other) -> None:
    (series,) = trends([run(id="b"), run(id="a", **other)], run(id="b"))
    assert [point.run for point in series.points] == ["b"]


@pytest.mark.parametrize("status", ["failed", "cancelled", "waiting"])
def test_images_that_were_not_built_have_no_point(status: str) -> None:
    assert trends([run(target("redis", lane(status=status)))], run()) == []


def test_the_hit_rate_of_a_run_covers_all_lanes() -> None:
    one = run(
        target("redis", lane(size=MB, steps=3, cached=1), lane(ARM, size=MB, steps=1, cached=1))
    )
    assert run_hit_rate(one) == 0.5
    assert run_hit_rate(run()) is None


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([], 9, ""),
        ([1, 2], 0, ""),
        ([5, 5, 5], 9, "▄▄▄"),
        ([0, 7], 9, "▁█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 9, "▁▂▃▄▅▆▇█"),
        ([9, 9, 0, 7], 2, "▁█"),
        ([0.0, 5e-324], 9, "▁█"),
        ([0.0, 5e-324, 1e-323, 3.5e-323], 9, "▁▂▃█"),
    ],
)
def test_a_sparkline_is_scaled_to_its_values(values, width, drawn) -> None:
    assert sparkline(values, width) == drawn


def test_columns_start_at_zero() -> None:
    assert columns([8, 4, 0.01, 2], 9, 2) == ["█   ", "██▁▄"]
    assert columns([1, 8], 1, 1) == ["█"]
    assert columns([], 5, 2) == ["", ""]
    assert columns([0, 0], 5, 1) == [""]


@given(st.lists(st.floats(0, 1e9), max_size=30), st.integers(0, 20), st.integers(0, 6))
def test_sparklines_and_columns_fit_their_space(values, width, height) -> None:
    assert len(sparkline(values, width)) == min(len(values), width)
    drawn = columns(values, width, height)
    assert len(drawn) == height
    assert all(len(line) <= width for line in drawn)
