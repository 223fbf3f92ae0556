"""BuildKit's stream: records from bytes that may be cut, damaged or hostile."""

from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.buildkit import rawjson
from openhqm_tui.domain.buildkit.rawjson import (
    PlainText,
    Record,
    SolveStatus,
    StreamDecoder,
    Vertex,
    seconds,
)
from tests.cutting import cut
from tests.recordings import NAMES, recording

STREAMS = sorted(file for name in NAMES for file in recording(name).path.glob("*.rawjson"))
ONE = b'{"vertexes":[{"digest":"sha256:1","name":"[internal] load"}]}'


def read(*pieces: bytes) -> list[Record]:
    decoder = StreamDecoder()
    found = [record for piece in pieces for record in decoder.feed(piece)]
    return [*found, *decoder.close()]


@pytest.mark.parametrize("file", STREAMS, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_a_recorded_stream_has_records_and_at_most_a_final_error(file) -> None:
    records = read(file.read_bytes())
    kinds = [type(record) for record in records]
    texts = [record.text for record in records if isinstance(record, PlainText)]
    assert kinds[: len(kinds) - len(texts)] == [SolveStatus] * (len(kinds) - len(texts))
    assert not texts or texts[-1].startswith("ERROR: ")
    assert any(isinstance(r, SolveStatus) and r.vertexes for r in records)


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 10**6), max_size=30))
@settings(deadline=None, max_examples=30)
def test_a_stream_is_read_the_same_however_it_is_cut(file, places: list[int]) -> None:
    data = file.read_bytes()
    assert read(*cut(data, places)) == read(data)


@pytest.mark.parametrize("data", [ONE, ONE + b"\n", ONE + b"\r\n", b"\n\n" + ONE + b"\n\n"])
def test_the_last_line_needs_no_newline(data: bytes) -> None:
    assert read(data) == [SolveStatus(vertexes=[Vertex("sha256:1", "[internal] load")])]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"ERROR: failed to solve", "ERROR: failed to solve"),
        (b"ERROR: windows\r", "ERROR: windows"),
        (b"{not json}", "{not json}"),
        (b'{"vertexes":[{"digest":1}]}', '{"vertexes":[{"digest":1}]}'),
        (b'{"vertexes":[null]}', '{"vertexes":[null]}'),
        (b'{"logs":[{"vertex":"v","data":"no base64!"}]}', None),
        (b'{"vertexes":[{"digest":"\xff"}]}', '{"vertexes":[{"digest":"\ufffd"}]}'),
        (b'{"x":' + b"[" * 100_000, None),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1, 2]", "[1, 2]"),
    ],
)
def test_a_line_that_is_not_a_record_is_text(line: bytes, text: str | None) -> None:
    (record,) = read(line + b"\n")
    assert isinstance(record, PlainText)
    assert record.text == (line.decode() if text is None else text)


def test_unknown_fields_of_newer_versions_are_ignored() -> None:
    assert read(b'{"new":{"deep":[1]},"vertexes":[{"digest":"d","also":true}]}\n') == [
        SolveStatus(vertexes=[Vertex("d")])
    ]


@given(st.lists(st.binary(max_size=60), max_size=10))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_read_the_same_however_they_are_cut(pieces: list[bytes]) -> None:
    assert read(*pieces) == read(b"".join(pieces))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["vertexes", "statuses", "logs", "warnings", "digest", "vertex", "data"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=5))
@settings(deadline=None, max_examples=100)
def test_any_json_is_a_record_or_text(values: list[object]) -> None:
    lines = [msgspec.json.encode(value) for value in values]
    assert len(read(b"\n".join(lines))) <= len(lines)


@given(st.lists(st.integers(1, 40), max_size=20))
@settings(deadline=None, max_examples=100)
def test_an_endless_line_is_replaced_by_one_note(sizes: list[int]) -> None:
    before, rawjson.LONGEST_LINE = rawjson.LONGEST_LINE, 100
    try:
        decoder = StreamDecoder()
        found = [record for size in sizes for record in decoder.feed(b"x" * size)]
        assert len(decoder._rest) <= 100
        found += decoder.feed(b"end\n" + ONE + b"\n")
    finally:
        rawjson.LONGEST_LINE = before
    texts = [record.text for record in found if isinstance(record, PlainText)]
    note = "[a line of more than 100 bytes was omitted]"
    assert texts == ([note] if sum(sizes) > 100 else ["x" * sum(sizes) + "end"])
    assert found[-1] == SolveStatus(vertexes=[Vertex("sha256:1", "[internal] load")])


@pytest.mark.parametrize(
    ("moment", "timestamp"),
    [
        (None, None),
        ("0001-01-01T00:00:00Z", None),
        ("2026-11-23T15:14:00Z", 1795446840.0),
        ("2026-11-23T16:14:00.5+01:00", 1795446840.5),
    ],
)
def test_gos_zero_time_means_none(moment: str | None, timestamp: float | None) -> None:
    when = None if moment is None else datetime.datetime.fromisoformat(moment)
    assert seconds(when) == timestamp
