"""Colors in a log line are kept; all other escape sequences are removed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style

from openhqm_tui.tui.log.text import segments

BASE = Style(color="white", bgcolor="black")


def text_of(raw: str) -> str:
    return "".join(segment.text for segment in segments(raw, BASE))


def test_plain_text_has_the_base_style():
    (only,) = segments("Resolved 14 packages", BASE)
    assert (only.text, only.style) == ("Resolved 14 packages", BASE)


def test_colors_and_weights_are_kept():
    found = segments("\x1b[1;31mbold red\x1b[0m plain \x1b[38;5;208mindexed\x1b[39m", BASE)
    assert [segment.text for segment in found] == ["bold red", " plain ", "indexed"]
    first, second, third = (segment.style for segment in found)
    assert first is not None
    assert first.bold
    assert first.color == Color.from_ansi(1)
    assert second == BASE
    assert third is not None
    assert third.color == Color.from_ansi(208)


def test_true_color_ends_with_its_reset():
    red, rest = segments("\x1b[38;2;255;0;0mred\x1b[39mrest", BASE)
    assert red.style is not None
    assert red.style.color == Color.from_rgb(255, 0, 0)
    assert rest.style is not None
    assert rest.style.color == BASE.color


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]52;c;aGFja2Vk\x07harmless", "harmless"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[H\x1b[?1049hcleared", "cleared"),
        ("\x1b[8mconcealed\x1b[0m", "concealed"),
        ("\x1bP+q544e\x1b\\dcs", "dcs"),
        ("\x9b31mred\x9b0m", "red"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
        ("a\x07b\x08c\x7fd", "abcd"),
        ("rtl\u202eoverride", "rtloverride"),
        ("broken \x1b[", "broken "),
        ("\x1b[" + "9" * 5000 + "mlong", "long"),
    ],
)
def test_all_other_sequences_are_dropped(raw, shown):
    assert text_of(raw) == shown


def test_tab_stops_count_from_the_line_start():
    assert text_of("ab\tc") == "ab      c"
    assert text_of("\x1b[31mab\x1b[0m\tc") == "ab      c"


@given(
    st.text(alphabet=st.sampled_from("\x1b[]0123456789;mHJ\x07\\P^_ab\x9b\x9d\r\t"), max_size=60)
)
def test_no_control_character_is_kept(raw):
    assert not [c for c in text_of(raw) if ord(c) < 32 or 127 <= ord(c) < 160]
