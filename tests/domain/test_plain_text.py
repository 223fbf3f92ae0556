"""Untrusted text: after `plain`, nothing in it affects the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.text import one_line, plain

# Parts of control sequences, so that random texts have whole and broken ones.
_HOSTILE = st.sampled_from(
    [
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x1b\\",
        "\x9b",
        "\x9d",
        "\x90",
        "\x9c",
        "\x07",
        "\r",
        "\n",
        "\t",
        "31m",
        "52;c;",
        "?25h",
        "é",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\udc80",
        "\u2028",
        "\u0301" * 9,
        "\ufe0f",
    ]
)
hostile_texts = st.lists(st.one_of(_HOSTILE, st.text(max_size=4)), max_size=30).map("".join)


def is_harmless(text: str) -> bool:
    return not any(
        c != "\n" and (unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202e\u2066\u2028\ufeff")
        for c in text
    )


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue colour", "true colour"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x1b]52;c;aGVsbG8=\x07after", "after"),
        ("\x1b]52;c;aGVsbG8=\x1b\\after", "after"),
        ("\x1b]0;title\x9cafter", "after"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\dcs", "dcs"),
        ("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
        ("\x1bcreset", "reset"),
        ("\x1b(0box", "box"),
        ("\x9b31mc1", "c1"),
        ("\x9d52;c;x\x9cc1", "c1"),
        ("unended \x1b]52;c;aaaa", "unended "),
        ("unended \x1b]52;c;aaaa\nnext", "unended \nnext"),
        ("unended \x1b[31", "unended "),
        ("a\rb", "ab"),
        ("a\r\nb", "a\nb"),
        ("a\tb", "a       b"),
        ("bell\x07 back\x08 null\x00", "bell back null"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u2066b\u2069c\u200bd\ufeff", "abcd"),
        ("\U000e0041tag", "tag"),
        ("\u26a0\ufe0f \U0001f44d\U0001f3fd", "\u26a0 \U0001f44d"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
        ("hidden\u3164\u115f\u1160\uffa0", "hidden"),
        ("e\u0301", "e\u0301"),
        ("z" + "\u0301\u0489" * 500 + "algo", "z" + "\u0301\u0489" * 2 + "algo"),
        ("naïve 漢字 🐳", "naïve 漢字 🐳"),
        (b"\xff\xfebytes", "\ufffd\ufffdbytes"),
        (b"\xc3\xa9", "é"),
        (b"\x9b31m", "\ufffd31m"),
    ],
)
def test_control_sequences_are_removed(raw: str | bytes, shown: str) -> None:
    assert plain(raw) == shown


@given(hostile_texts)
@settings(deadline=None, max_examples=100)
def test_any_text_becomes_harmless(text: str) -> None:
    shown = plain(text)
    assert is_harmless(shown)
    assert plain(shown) == shown


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_bytes_become_harmless(data: bytes) -> None:
    assert is_harmless(plain(data))


@given(hostile_texts, st.integers(1, 60))
@settings(deadline=None, max_examples=100)
def test_one_line_is_one_short_line(text: str, width: int) -> None:
    line = one_line(text, width)
    assert len(line) <= width
    assert line.splitlines() in ([], [line])
    assert one_line(line, width) == line


@pytest.mark.parametrize(
    "piece", ["\u0301", "\u0301a", "\x1b[", "\x1b]52;", "\x9b", "\x1b[3", "\x1bP\x1b", "\x1b("]
)
def test_a_megabyte_of_hostile_text_is_read_once(piece: str) -> None:
    # A pattern that backtracks over the text would not finish in CI.
    assert is_harmless(plain(piece * (1_000_000 // len(piece)))[:100])
