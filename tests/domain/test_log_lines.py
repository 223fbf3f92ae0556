"""The log of a lane: lines assembled from pieces, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.run.log import LONGEST_SHOWN, LogLines
from openhqm_tui.domain.text import plain
from tests.cutting import cut

_WHERE: dict[str, Any] = {"step": 1, "stream": 1, "at": 0.0}


def texts(log: LogLines) -> list[str]:
    return [log.text(index) for index in range(len(log))]


def fed(pieces: Iterable[bytes]) -> list[str]:
    log = LogLines()
    for piece in pieces:
        log.feed(piece, step=1, stream=1, at=0.0)
    log.finish(1, 0.0)
    return texts(log)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"unended", ["unended"]),
        (b"\n\n", ["", ""]),
        (b"10%\r50%\r100%\n", ["100%"]),
        (b"10%\r50%\r100%\r\n", ["100%"]),
        (b"10%\r50%", ["50%"]),
        (b"A important words\r\r\n", ["A important words"]),
        (b"B 1%\x1b[1G\x1b[0KB 2%\x1b[1G\x1b[0KB done\n", ["B done"]),
        (b"C 1%\b\b2%\b\b3%\n", ["C 3%"]),
        (b"long words\rshort\n", ["shortwords"]),
        (b"long words\r\x1b[Kshort\n", ["short"]),
        (b"long words\x1b[2K\rshort\n", ["short"]),
        (b"one two\x1b[3D\x1b[1K\n", ["     wo"]),
        (b"ab\x1b[3Cc\n", ["ab   c"]),
        (b"ab\x1b[Gc\n", ["cb"]),
        (b"\x1b[32m50%\x1b[0m\r\x1b[32m60%\x1b[0m\n", ["60%"]),
        (b"\x1b]8;;http://x\x07link\x1b]8;;\x07\rL\n", ["Link"]),
        (b"caf\xc3\xa9s\b\be\n", ["cafes"]),
        (b"x\x1b[999999999999Gy\n", ["x" + " " * 199 + "y"]),
        (b"\xff\n", ["\ufffd"]),
        (b"caf\xc3\xa9\n", ["café"]),
        (b"\x1b[31mraw\x1b[0m\n", ["\x1b[31mraw\x1b[0m"]),
    ],
)
def test_output_is_split_into_lines(data: bytes, lines: list[str]) -> None:
    assert fed([data]) == lines


_BITS = st.sampled_from(
    [
        b"\r",
        b"\n",
        b"\r\n",
        b"\b",
        b"\x1b[2G",
        b"\x1b[K",
        b"\x1b[1K",
        b"\x1b[3D",
        b"\x1b]0;t\x07",
        b"a",
        b"bc",
        b"\xc3",
        b"\xa9",
        b"\x1b[1m",
        b"x" * 999,
    ]
)


@given(st.lists(_BITS, max_size=40), st.lists(st.integers(0, 400), max_size=12))
@settings(deadline=None, max_examples=80)
def test_lines_are_the_same_however_the_output_is_cut(bits: list[bytes], cuts: list[int]) -> None:
    data = b"".join(bits)
    assert fed(cut(data, cuts)) == fed([data])


def test_a_carriage_return_overwrites_the_start_of_a_long_line() -> None:
    (line,) = fed([b"a" * (3 * LONGEST_SHOWN) + b"\r", b"end\n"])
    assert line.startswith("endaaa")
    assert len(line) < LONGEST_SHOWN + 100


def test_a_progress_bar_without_line_ends_uses_bounded_memory() -> None:
    log = LogLines()
    for number in range(5_000):
        log.feed(b"\r\x1b[K%d%%" % number, step=1, stream=1, at=0.0)
        assert sum(map(len, log._partial.values())) < 5_000
    log.finish(1, 0.0)
    assert texts(log) == ["4999%"]


def test_streams_and_steps_are_kept_apart() -> None:
    log = LogLines()
    log.feed(b"out ", step=1, stream=1, at=1.0)
    log.feed(b"err ", step=1, stream=2, at=2.0)
    log.feed(b"other\n", step=2, stream=1, at=3.0)
    log.feed(b"of one\n", step=1, stream=1, at=4.0)
    log.finish(1, 5.0)
    assert texts(log) == ["other", "out of one", "err "]
    assert log[1] == ("out of one", 1, 1, 4.0)
    assert log[2] == ("err ", 1, 2, 5.0)
    seen = [(log.text(i), log.step(i), log.stream(i), log.at(i)) for i in range(len(log))]
    assert seen == [log[i] for i in range(len(log))]
    assert seen[0] == ("other", 2, 1, 3.0)


def test_the_last_lines_of_a_step_are_its_own_output() -> None:
    log = LogLines()
    log.add("▸ RUN x", step=1, at=0.0)
    log.feed(b"a\nb\nc\n", step=1, stream=1, at=0.0)
    log.feed(b"other\n", step=2, stream=1, at=0.0)
    log.add("✗ failed", step=1, at=0.0)
    assert log.last(2, step=1) == ["b", "c"]
    assert log.last(9, step=1) == ["a", "b", "c"]
    assert log.last(2) == ["other", "✗ failed"]
    assert log.last(0) == []


_OUTPUT = st.tuples(
    st.lists(st.sampled_from([b"", b"a", b"caf\xc3\xa9", b"\xff", b"x" * 9000]), max_size=9),
    st.integers(0, 3),
    st.integers(1, 2),
    st.floats(0, 1e10),
)


@given(st.lists(_OUTPUT, max_size=30), st.integers(1, 40), st.randoms())
@settings(deadline=None, max_examples=60)
def test_packed_lines_are_read_back_unchanged(
    output: list[tuple[list[bytes], int, int, float]], times: int, random: Random
) -> None:
    log, wanted = LogLines(), []
    for _ in range(times):
        for lines, step, stream, at in output:
            log.feed(b"".join(line + b"\n" for line in lines), step=step, stream=stream, at=at)
            wanted += [(line.decode("utf-8", "replace"), step, stream, at) for line in lines]
    assert [log[at] for at in range(len(log))] == wanted
    for at in random.choices(range(len(log)), k=50) if wanted else ():
        seen = (log.text(at), log.step(at), log.stream(at), log.at(at))
        assert seen == wanted[at]
    for step in range(4):
        of_it = [at for at, line in enumerate(wanted) if line[1] == step]
        assert log.first_of(step) == (of_it[0] if of_it else None)
        assert log.last(700, step=step) == [wanted[at][0] for at in of_it][-700:]
    assert log.last(700) == [line[0] for line in wanted[-700:]]


def test_many_lines_are_held_compressed() -> None:
    log = LogLines()
    for number in range(20_000):
        log.feed(b"#%07d copying build/lib/module_%d.py\n" % (number, number), **_WHERE)
    assert sum(map(len, log._packed)) < 20_000 * 10
    assert len(log._open.ends) < 1000
    assert (log.contains(b"#0000000"), log.contains(b"#0019999"), log.contains(b"#0020000")) == (
        True,
        True,
        False,
    )
    for at in range(0, 20_000, 100):
        log.text(at)
    assert len(log._unpacked) <= 2


@pytest.mark.parametrize("index", [-1, 3])
def test_reading_beyond_the_log_is_an_index_error(index: int) -> None:
    log = LogLines()
    log.add("a\nb\nc", step=1, at=0.0)
    for read in (log.text, log.step, log.stream, log.at, log.__getitem__):
        with pytest.raises(IndexError):
            read(index)


def test_a_line_of_ten_megabytes_is_cut_with_a_note() -> None:
    piece = b"x" * 250_000
    (line,) = fed([piece] * 40 + [b"\n"])
    assert len(line) < LONGEST_SHOWN + 100
    assert line.endswith("[truncated; the log file has the full line]")


@pytest.mark.parametrize("stream", [-1, 256, 10**30])
def test_an_invalid_stream_number_becomes_zero(stream: int) -> None:
    log = LogLines()
    log.feed(b"x\n", step=0, stream=stream, at=0.0)
    assert (log[0].text, log[0].stream) == ("x", 0)


def test_an_endless_line_uses_bounded_memory() -> None:
    log = LogLines()
    for _ in range(100):
        log.feed(b"x" * 100_000, step=1, stream=1, at=0.0)
    assert sum(map(len, log._partial.values())) <= 2 * LONGEST_SHOWN


def test_added_text_is_split_into_lines() -> None:
    log = LogLines()
    log.add("one\ntwo", step=1, at=2.0)
    assert [log[0], log[1]] == [("one", 1, 0, 2.0), ("two", 1, 0, 2.0)]


@pytest.mark.parametrize("index", [-1, 0, 5])
def test_an_empty_log_has_no_line(index: int) -> None:
    with pytest.raises(IndexError):
        LogLines()[index]


def test_step_numbers_beyond_the_limit_are_clamped() -> None:
    log = LogLines()
    log.add("x", step=70_000, at=0.0)
    assert log[0].step == 65535


@pytest.mark.parametrize("start", ["\x1b]0;", "\x9d0;", "\x1bP", "\x90", "\x1b_", "\x1b^"])
@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c", ""])
@pytest.mark.parametrize("moves", ["\r", "\b\b", "\x1b[3D", "\x1b[2G"])
def test_what_overwrites_a_sequence_reveals_none_of_its_text(
    start: str, end: str, moves: str
) -> None:
    data = f"ab{start}hidden{end}{moves}x\n".encode()
    for size in range(1, 12):
        (line,) = fed([data[at : at + size] for at in range(0, len(data), size)])
        assert "hid" not in plain(line)
