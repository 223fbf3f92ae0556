"""Rendering of log rows: times, styles, selections, the status line, colors."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual._ansi_theme import ALABASTER, MONOKAI

from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.canvas import (
    MouseSelection,
    TextPosition,
    character_at,
    word_around,
)
from openhqm_tui.tui.log.drawing import StatusPart, lay_out, part_at, thumb_of
from openhqm_tui.tui.log.text import Stamps, contrast, cut_out, legible, painted, segments, stamp
from openhqm_tui.tui.log.view import LogFilter, LogView

BEGAN = 1795446840.0
RED, BOLD = Style(color="red"), Style(bold=True)


@pytest.mark.parametrize(
    ("seconds", "kind", "words"),
    [
        (12.34, Stamps.SINCE, "0:12.3"),
        (59.96, Stamps.SINCE, "0:59.9"),
        (3599.9, Stamps.SINCE, "59:59.9"),
        (3723.0, Stamps.SINCE, "1:02:03"),
        (-5.0, Stamps.SINCE, "0:00.0"),
        (12.0, Stamps.CLOCK, "15:14:12"),
        (12.0, Stamps.NONE, ""),
        (-BEGAN, Stamps.CLOCK, ""),
    ],
)
def test_times_are_formatted(world, seconds, kind, words):
    assert stamp(BEGAN + seconds, kind, BEGAN) == words


def test_a_time_without_a_known_start_is_left_out():
    assert stamp(BEGAN, Stamps.SINCE, None) == ""


def test_time_formats_are_cycled():
    assert [kind.next for kind in Stamps] == [Stamps.SINCE, Stamps.CLOCK, Stamps.NONE]


def test_spans_are_added_to_colors():
    line = [Segment("ab", RED), Segment("cdef", None)]
    found = painted(line, [(1, 4, BOLD)])
    assert [(text, style) for text, style, _ in found] == [
        ("a", RED),
        ("b", RED + BOLD),
        ("cd", BOLD),
        ("ef", None),
    ]


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [(0, None, "abcdef"), (1, 3, "bc"), (2, 2, ""), (5, 99, "f"), (9, None, ""), (0, 2, "ab")],
)
def test_a_line_is_cut_by_position(start, end, text):
    line = [Segment("ab", RED), Segment("cdef", None)]
    assert "".join(piece.text for piece in cut_out(line, start, end)) == text


# Selecting.


def selected(start: TextPosition, end: TextPosition, only: LogFilter | None = None) -> list[str]:
    lines = LogLines()
    for number, text in enumerate(("first one", "\x1b[31msecond\x1b[0m one", "third one")):
        lines.add(text, step=0, at=1.0, stream=1 + number % 2)
    view = LogView(lines)
    view.resize(80, 10)
    if only is not None:
        view.show_only(only)
    pick = MouseSelection(start)
    pick.to(end)
    assert pick
    return pick.lines(view)


@pytest.mark.parametrize(
    ("start", "end", "lines"),
    [
        (TextPosition(0, 6), TextPosition(0, 8), ["one"]),
        (TextPosition(0, 8), TextPosition(0, 6), ["one"]),
        (TextPosition(0, 6), TextPosition(1, 5), ["one", "second"]),
        (TextPosition(2, 4), TextPosition(0, 6), ["one", "second one", "third"]),
        (TextPosition(1, 7), TextPosition(1, 1 << 30), ["one"]),
    ],
)
def test_a_selection_is_plain_text(start, end, lines):
    assert selected(start, end) == lines


def test_lines_hidden_by_the_filter_are_not_selected():
    assert selected(TextPosition(0, 6), TextPosition(2, 4), LogFilter(stream=1)) == ["one", "third"]


def test_a_click_selects_nothing():
    pick = MouseSelection(TextPosition(1, 4))
    assert not pick
    pick.to(TextPosition(1, 4))
    assert not pick


@pytest.mark.parametrize(
    ("text", "cell", "character"),
    [("abc", 1, 1), ("abc", 9, 3), ("宽b", 0, 0), ("宽b", 1, 0), ("宽b", 2, 1), ("宽b", 3, 2)],
)
def test_the_character_under_the_mouse_is_found(text, cell, character):
    assert character_at(text, cell) == character


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("see /usr/lib/x.so:3, then", 8, "/usr/lib/x.so:3"),
        ("name=='value'", 2, "name=="),
        ("a b", 1, ""),
        ("end", 3, ""),
        ("", 0, ""),
    ],
)
def test_the_word_around_a_character_is_found(text, at, word):
    start, end = word_around(text, at)
    assert text[start:end] == word


# The status line.

LEFT = [StatusPart("x filter", "key", "filter", 10), StatusPart("120/300", "", rank=60)]
RIGHT = [StatusPart("⤓ 128 new", "news", "follow", 99)]


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, ["x filter", "120/300", "⤓ 128 new"]),
        (30, ["x filter", "120/300", "⤓ 128 new"]),
        (25, ["120/300", "⤓ 128 new"]),
        (12, ["⤓ 128 new"]),
        (5, ["⤓ 128 new"]),
    ],
)
def test_less_important_parts_are_left_out_where_it_is_narrow(width, words):
    assert [part.words for _, part in lay_out(LEFT, RIGHT, width)] == words


def test_the_last_part_is_right_aligned_and_can_be_clicked():
    placed = lay_out(LEFT, RIGHT, 60)
    assert placed[-1].column + placed[-1].part.width == 60
    assert part_at(placed, 55) == RIGHT[0]
    assert part_at(placed, 0) == LEFT[0]
    assert part_at(placed, 30) is None


# The scrollbar.


@pytest.mark.parametrize(
    ("share", "thumb"),
    [(0.0, range(0, 2)), (0.5, range(4, 6)), (1.0, range(8, 10))],
)
def test_the_thumb_shows_the_position(share, thumb):
    lines = LogLines()
    for number in range(50):
        lines.add(str(number), step=0, at=1.0)
    view = LogView(lines)
    view.resize(80, 10)
    view.scroll_to_share(share)
    assert thumb_of(view, view.rows()) == thumb


def test_a_completely_visible_log_has_no_thumb():
    lines = LogLines()
    view = LogView(lines)
    view.resize(80, 10)
    assert not thumb_of(view, view.rows())
    lines.add("one", step=0, at=1.0)
    view.grow()
    assert not thumb_of(view, view.rows())


# Colors.


@pytest.mark.parametrize(("theme", "paper"), [(ALABASTER, "#ffffff"), (MONOKAI, "#171c24")])
@pytest.mark.parametrize("code", [*range(30, 38), *range(90, 98), "38;5;226", "38;2;250;250;250"])
def test_every_color_is_legible_on_our_background(theme, paper, code):
    base = Style(color="#808080", bgcolor=paper)
    (only,) = legible(segments(f"\x1b[{code}mtext", base), theme)
    assert only.style is not None
    assert only.style.color is not None
    ink = only.style.color.get_truecolor(theme)
    assert contrast(ink, Color.parse(paper).get_truecolor(theme)) >= 4.5


def test_a_legible_color_is_unchanged():
    base = Style(color="black", bgcolor="#ffffff")
    line = segments("\x1b[34mblue\x1b[44;97mon blue", base)
    assert legible(line, ALABASTER) == line


def test_colors_on_the_terminals_own_background_are_unchanged():
    line = segments("\x1b[97mwhite", Style(color="default", bgcolor="default"))
    assert legible(line, ALABASTER) == line
