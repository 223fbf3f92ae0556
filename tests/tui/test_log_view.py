"""The position in a log: following its end, or kept while lines arrive or are wrapped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.view import ALL, LogFilter, LogView, cut_in_rows


def view_of(count: int, *, width: int = 10, height: int = 5, wrap: bool = False) -> LogView:
    """Return a view of lines `0`, `1`, …: odd ones on standard error, ten per step."""
    lines = LogLines()
    add(lines, count)
    view = LogView(lines)
    view.set_wrap(wrap)
    view.resize(width, height)
    view.grow()
    return view


def add(lines: LogLines, count: int) -> None:
    first = len(lines)
    for number in range(first, first + count):
        lines.add(str(number), step=number // 10, at=1.0, stream=1 + number % 2)


def visible(view: LogView) -> list[str]:
    return [view.text_at(row.line)[row.start : row.end] for row in view.rows()]


def test_a_view_follows_the_end():
    view = view_of(8)
    assert visible(view) == ["3", "4", "5", "6", "7"]
    add(view.lines, 3)
    view.grow()
    assert visible(view) == ["6", "7", "8", "9", "10"]
    assert view.news == 0


def test_after_scrolling_up_new_lines_are_only_counted():
    view = view_of(20)
    view.scroll(-4)
    assert visible(view)[0] == "11"
    add(view.lines, 30)
    view.grow()
    assert visible(view)[0] == "11"
    assert not view.following
    assert view.news == 30
    view.scroll(10)
    assert view.news == 24, "visible lines don't count as new"
    view.scroll(100)
    assert view.following


def test_a_short_log_cannot_be_scrolled():
    view = view_of(3)
    view.scroll(-3)
    assert view.following


def test_the_cursor_moves_within_the_view_and_scrolls_at_its_edge():
    view = view_of(20)
    view.move(-1)
    assert view.cursor == 18
    assert visible(view)[-1] == "19", "only the cursor moves"
    view.move(-5)
    assert view.cursor == 13
    assert visible(view)[0] == "13"
    view.move(5)
    view.move(1)
    assert view.following, "on the last line the end is followed again"


def test_the_cursor_stays_visible_when_scrolling():
    view = view_of(20)
    view.move(-1)
    view.scroll(-10)
    assert view.cursor == 9
    view.scroll(3)
    assert view.cursor == 9


def test_the_position_near_the_end_is_restored_after_a_zoom():
    view = view_of(100, height=10)
    view.go(85)
    before = visible(view)
    view.resize(10, 40)
    assert visible(view)[-1] == "99"
    view.resize(10, 10)
    assert visible(view) == before


def test_new_lines_while_zoomed_move_nothing():
    view = view_of(100, height=10)
    view.go(85)
    view.resize(10, 40)
    before = visible(view)
    add(view.lines, 30)
    view.grow()
    assert visible(view) == before


def test_a_filter_keeps_the_current_line():
    view = view_of(100)
    view.go(41)
    view.show_only(LogFilter(stream=2))
    assert [int(text) % 2 for text in visible(view)] == [1] * 5
    assert view.here == 41
    view.show_only(LogFilter(step=4))
    assert {int(text) // 10 for text in visible(view)} == {4}
    assert view.here == 41
    view.show_only(ALL)
    assert view.here == 41
    assert len(view) == 100


def test_filtering_a_long_log_in_slices_keeps_the_position(monkeypatch):
    monkeypatch.setattr("openhqm_tui.tui.log.view._LINES_A_SLICE", 30)
    view = view_of(100)
    view.go(81)
    view.show_only(LogFilter(stream=2))
    assert len(view) == 15
    while view.grow():
        pass
    assert len(view) == 50
    assert view.here == 81
    add(view.lines, 20)
    while view.grow():
        pass
    assert view.here == 81
    assert len(view) == 60


def test_new_lines_are_counted_under_the_filter():
    view = view_of(100)
    view.show_only(LogFilter(stream=2))
    view.scroll(-3)
    add(view.lines, 20)
    view.grow()
    assert view.news == 10


def test_marks_extend_from_their_start_to_the_cursor():
    view = view_of(20)
    assert view.marked == range(0)
    view.move(0, marking=True)
    assert list(view.marked) == [19]
    view.move(-2, marking=True)
    assert list(view.marked) == [17, 18, 19]
    view.scroll(-3)
    assert list(view.marked) == [17, 18, 19], "scrolling doesn't mark"
    view.follow()
    assert view.marked == range(0)


def test_going_to_a_line_shows_some_lines_before_it():
    view = view_of(100, height=9)
    view.go(50)
    assert visible(view)[0] == "47"
    assert view.cursor == 50
    view.go(52)
    assert visible(view)[0] == "47", "a visible line stays where it is"


@pytest.mark.parametrize(
    ("share", "top", "following"),
    [(0.0, "0", False), (0.5, "48", False), (1.0, "95", True), (7.0, "95", True)],
)
def test_a_position_on_the_scrollbar_sets_the_view(share, top, following):
    view = view_of(100)
    view.scroll_to_share(share)
    assert visible(view)[0] == top
    assert view.following is following


def test_a_line_higher_than_the_pane_can_be_read_to_its_end():
    view = view_of(0, width=10, height=4, wrap=True)
    view.lines.add("x" * 95, step=0, at=1.0)
    view.lines.add("end", step=0, at=1.0)
    view.grow()
    assert visible(view) == ["x" * 10, "x" * 10, "x" * 5, "end"]
    view.scroll(-1)
    assert visible(view) == ["x" * 10, "x" * 10, "x" * 10, "x" * 5]
    view.scroll(-100)
    assert view.top == (0, 0)


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("", 10, [""]),
        ("exactly 10", 10, ["exactly 10"]),
        ("one two three", 10, ["one two ", "three"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        ("a bbbbbbbbbbbbbb", 10, ["a bbbbbbbb", "bbbbbb"]),
        ("宽宽宽宽", 5, ["宽宽", "宽宽"]),
        ("宽", 1, ["宽"]),
    ],
)
def test_lines_are_wrapped(text, width, rows):
    starts = [*cut_in_rows(text, width), len(text)]
    assert [text[start:end] for start, end in pairwise(starts)] == rows


@given(st.text(alphabet="ab 宽é", max_size=60), st.integers(2, 12))
def test_rows_contain_the_whole_line_and_none_is_too_wide(text, width):
    starts = [*cut_in_rows(text, width), len(text)]
    rows = [text[start:end] for start, end in pairwise(starts)]
    assert "".join(rows) == text
    assert all(cell_len(row) <= width for row in rows)


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["scroll", "move", "add", "go", "height", "width"]),
            st.integers(-30, 30),
        ),
        st.tuples(st.sampled_from(["wrap", "follow", "stderr", "step", "all"]), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_visible_rows_are_right_after_any_steps(steps, wrap):
    view = view_of(40, width=3, height=5, wrap=wrap)
    for what, number in steps:
        match what:
            case "scroll":
                view.scroll(number)
            case "move":
                view.move(number)
            case "go":
                view.go(abs(number))
            case "height":
                view.resize(view.width, 1 + abs(number))
            case "width":
                view.resize(2 + abs(number), view.height)
            case "wrap":
                view.set_wrap(not view.wrap)
            case "follow":
                view.follow()
            case "add":
                before = visible(view)
                full, followed = len(before) == view.height, view.following
                add(view.lines, abs(number))
                view.grow()
                if full and not followed:
                    assert visible(view) == before
            case _:
                view.show_only(
                    {"stderr": LogFilter(stream=2), "step": LogFilter(step=1)}.get(what, ALL)
                )
                view.grow()
        rows = view.rows()
        total = sum(view.rows_of(place) for place in range(len(view)))
        assert len(rows) == min(view.height, total)
        assert [row.place for row in rows] == sorted(row.place for row in rows)
        assert all(view.index_of(row.place) == row.line for row in rows)
        if view.following and rows:
            assert rows[-1].place == len(view) - 1
        elif rows:
            assert 0 <= view.cursor < len(view)
            assert view.cursor in {row.place for row in rows} or view.mark is not None
