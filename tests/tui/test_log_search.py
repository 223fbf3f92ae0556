"""Searching a log in short slices finds all matches in order, from any starting point."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.patterns import parse_pattern
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.search import LineFinder, LineMatcher, SearchCursor, Step
from openhqm_tui.tui.log.view import LogFilter, LogView
from openhqm_tui.tui.run.search_results import LanesSearch, ResultRow, Source


class Ticks:
    """A clock that advances with every reading."""

    def __init__(self, pace: float = 1.0) -> None:
        self.now, self.pace = 0.0, pace

    def __call__(self) -> float:
        self.now += self.pace
        return self.now


def log_of(*texts: str, stream: int = 1) -> LogLines:
    lines = LogLines()
    for text in texts:
        lines.add(text, step=0, at=1.0, stream=stream)
    return lines


def hits(finder: LineFinder) -> list[int]:
    return [finder.hit(number) for number in range(len(finder))]


MATCHES = {3, 7, 8, 20}


@pytest.mark.parametrize("origin", [0, 5, 8, 30])
def test_all_matches_are_found_in_order_from_any_start_in_small_slices(origin):
    clock = Ticks()
    finder = LineFinder(MATCHES.__contains__, origin)
    while finder.search(30, clock.now + 3, clock):
        pass
    assert hits(finder) == sorted(MATCHES)
    assert not finder.search(30, clock.now + 3, clock)
    assert finder.search(40, clock.now + 2, clock), "new lines are searched too"


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(-1, 41), st.integers(0, 60))
def test_a_step_is_right_as_soon_as_it_is_known(matches, origin, here, slices):
    clock = Ticks()
    finder = LineFinder(matches.__contains__, origin)
    for _ in range(slices):
        finder.search(41, clock.now + 1, clock)
    for direction in (1, -1):
        step = finder.step(here, direction, 41)
        if direction > 0:
            beyond, around = [h for h in sorted(matches) if h > here], sorted(matches)[:1]
        else:
            beyond, around = (
                [h for h in sorted(matches, reverse=True) if h < here],
                sorted(matches)[-1:],
            )
        right = (beyond or around or [None])[0]
        assert not step.known or step == Step(True, right, wrapped=bool(matches) and not beyond)
        assert step.known or not finder.done(41)


@pytest.mark.parametrize(
    ("here", "line"), [(0, 3), (3, 3), (4, 7), (8, 8), (9, 20), (21, 20), (29, 20)]
)
def test_the_nearest_match_is_the_next_or_else_the_last(here, line):
    finder = LineFinder(MATCHES.__contains__, here)
    clock = Ticks()
    while not finder.nearest(here, 30).known:
        finder.search(30, clock.now + 1, clock)
    assert finder.nearest(here, 30).line == line


def test_the_nearest_match_is_known_before_the_search_has_finished():
    finder = LineFinder(MATCHES.__contains__, 19)
    clock = Ticks()
    finder.search(30, clock.now + 3, clock)
    assert finder.nearest(19, 30) == Step(True, 20)


@pytest.mark.parametrize(("line", "rank"), [(0, 0), (3, 1), (7, 2), (8, 3), (19, 3), (29, 4)])
@pytest.mark.parametrize("origin", [0, 8, 30])
def test_matches_are_counted_up_to_a_line(origin, line, rank):
    finder = LineFinder(MATCHES.__contains__, origin)
    finder.search(30, 1000, Ticks())
    assert finder.rank(line) == rank


# Matching.


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("red", "\x1b[31mr\x1b[1med\x1b[0m", True),
        ("31m", "\x1b[31mred\x1b[0m", False),
        ("far$", "x" * 5000 + "far", True),
        ("x$", "x" * 5000 + "far", False),
        ("^x+far$", "x" * 5000 + "far", True),
        ("x+x+x$", "x" * 300 + "far", False),
    ],
)
def test_the_displayed_text_is_searched(typed, text, found):
    matcher = LineMatcher(log_of(text), parse_pattern(typed), Ticks(1e-6))
    assert matcher(0) is found


def test_a_slow_expression_searches_less_of_a_line():
    text = "a" * 10_000 + "!"
    slow = LineMatcher(log_of(text), re.compile("a*a*!"), Ticks(0.01))
    assert not slow(0)
    quick = LineMatcher(log_of(text[-100:]), re.compile("a*a*!"), Ticks(0.01))
    assert quick(0)


def test_matching_spans_are_found():
    matcher = LineMatcher(log_of("\x1b[1mone\x1b[0m two one"), parse_pattern("one|x*"), Ticks())
    assert matcher.spans(0) == [(0, 3), (8, 11)], "empty matches are not shown"


# The cursor of a search.


def search_in(
    *texts: str, pattern: str = "", at: int | None = None
) -> tuple[LogView, SearchCursor]:
    view = LogView(log_of(*texts, stream=2))
    view.resize(80, 3)
    if at is not None:
        view.go(at)
    return view, SearchCursor(view, Ticks(1e-6), parse_pattern(pattern) if pattern else None)


def test_next_and_previous_wrap_around_with_a_notice():
    view, search_cursor = search_in("a", "b", "a", "c", "a", "c", pattern="a", at=1)
    visited = []
    for direction in (1, 1, 1, -1, -1):
        search_cursor.want(direction)
        search_cursor.advance(1.0)
        visited.append((view.here, search_cursor.counted, search_cursor.notice))
    assert visited == [
        (2, "2/3", ""),
        (4, "3/3", ""),
        (0, "1/3", "wrapped to the start"),
        (4, "3/3", "wrapped to the end"),
        (2, "2/3", ""),
    ]
    view.go(3)
    assert search_cursor.counted == "–/3"


def test_errors_are_found_from_the_end_and_no_errors_reported():
    view, search_cursor = search_in("error: one", "fine", "error: two", "fine")
    search_cursor.want(1)
    search_cursor.advance(1.0)
    assert (view.here, search_cursor.counted, search_cursor.name) == (0, "1/2", "✗ errors")
    view, search_cursor = search_in("fine", "fine")
    search_cursor.want(1)
    search_cursor.advance(1.0)
    assert (search_cursor.notice, search_cursor.counted) == ("", "no errors")
    assert view.following, "without matches the position is kept"


def test_lines_hidden_by_the_filter_are_not_found():
    view = LogView(log_of("a", "a", "b"))
    view.lines.add("a", step=1, at=1.0, stream=2)
    view.grow()
    view.show_only(LogFilter(stream=2))
    search_cursor = SearchCursor(view, Ticks(1e-6), parse_pattern("a"))
    search_cursor.advance(1.0)
    assert search_cursor.counted == "–/1"


def test_the_count_shows_whether_the_search_has_finished():
    _, search_cursor = search_in(*["a"] * 10, pattern="a", at=0)
    search_cursor.advance(0.0)
    assert search_cursor.counted.endswith("…")
    search_cursor.advance(1.0)
    assert search_cursor.counted == "1/10"


# All lanes.


def lanes(*logs: LogLines) -> LanesSearch:
    sources = [Source(f"t{n}", "linux/amd64", log, str) for n, log in enumerate(logs)]
    return LanesSearch(sources, Ticks(1e-6))


def searched(*logs: LogLines) -> LanesSearch:
    search = lanes(*logs)
    search.search(parse_pattern("a"))
    while search.advance(0.001):
        pass
    return search


def test_rows_are_lanes_with_their_matches_and_others_are_left_out():
    search = searched(log_of("a", "b", "a"), log_of("b"), log_of("b", "a"))
    assert search.counts == [2, 0, 1]
    places = [search.place(row) for row in range(len(search))]
    assert places == [
        ResultRow(0, -1),
        ResultRow(0, 0),
        ResultRow(0, 1),
        ResultRow(2, -1),
        ResultRow(2, 0),
    ]
    assert [search.row(place) for place in places] == list(range(5))
    assert list(search.headings()) == [0, 3]
    assert [search.line(place) for place in places] == [0, 0, 2, 1, 1]
    with pytest.raises(IndexError):
        search.place(5)


def test_growing_logs_are_searched_further_and_restarted_ones_again():
    first, second = log_of("a"), log_of("b")
    search = searched(first, second)
    second.add("a", step=0, at=1.0, stream=1)
    assert not search.done
    while search.advance(0.001):
        pass
    assert search.counts == [1, 1]
    fresh = log_of("b", "b", "b", "a", "a")
    search.renew([search.sources[0]._replace(log=fresh), search.sources[1]])
    while search.advance(0.001):
        pass
    assert search.counts == [2, 1]
    assert search.line(search.place(1)) == 3


def test_replaced_logs_are_all_searched():
    search = searched(log_of("a"), log_of("a"))
    one = Source("other", "", log_of("a", "a", "a"), str)
    for sources, counts in (([one], [3]), ([], []), ([one, search.sources[0]], [3, 1])):
        search.renew(sources)
        while search.advance(0.001):
            pass
        assert search.counts == counts


def test_every_log_has_its_share_of_a_slice():
    search = lanes(log_of(*["b"] * 5000), log_of("a"))
    search.search(parse_pattern("a"))
    search.advance(0.004)
    assert search.counts == [0, 1]
    assert not search.done


def test_an_empty_search_finishes_immediately():
    search = searched(log_of("a"))
    search.search(None)
    assert search.done
    assert len(search) == 0
