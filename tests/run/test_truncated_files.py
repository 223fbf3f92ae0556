"""A journal may end at any byte, after a crash or on a full disk; its complete lines count."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.buildkit.rawjson import PlainText, SolveStatus, StreamDecoder
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.requests import RequestReader
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.domain.folding import as_plain_data
from tests.recordings import copied, recording
from tests.recordings import state_of as followed

WINDOW = 64 * 1024
RESUMED = events.RunStarted(at=2e9, pid=1)


def alone(name: str, place: Path) -> RunFolder:
    """Return a run folder that has only the journal."""
    place.mkdir()
    for file in ("run.json", "events.jsonl"):
        (place / file).write_bytes((recording(name).path / file).read_bytes())
    return RunFolder(place)


def whole_lines(data: bytes) -> list[events.AnyEvent]:
    """Return the events of a journal, read without the code under test.

    The last one counts as soon as its text is complete: the next line that is written ends it.
    """
    lines = data.split(b"\n")
    found = [msgspec.json.decode(line, type=events.AnyEvent) for line in lines[:-1]]
    if lines[-1].startswith(b"{") and lines[-1].endswith(b"}"):
        try:
            found.append(msgspec.json.decode(lines[-1], type=events.AnyEvent))
        except msgspec.DecodeError:
            return found
    return found


def test_events_cut_off_at_any_byte_are_those_of_the_complete_lines(tmp_path: Path) -> None:
    folder = alone("cold", tmp_path / "run")
    data = folder.events_file.read_bytes()
    every_event = whole_lines(data)
    assert len(every_event) == data.count(b"\n") > 50
    ends = [at for at, byte in enumerate(data) if byte == ord("\n")]
    count = len(ends)
    for size in sorted({*near_line_ends(data), *in_a_line_of_each_kind(data)}, reverse=True):
        os.truncate(folder.events_file, size)
        while count and ends[count - 1] > size:
            count -= 1
        assert list(folder.events()) == every_event[:count], f"cut at {size}"


def test_events_written_after_a_cut_at_any_byte_are_read(tmp_path: Path) -> None:
    folder = alone("failed", tmp_path / "run")
    data = folder.events_file.read_bytes()
    for size in range(len(data) + 1):
        folder.events_file.write_bytes(data[:size])
        known = list(folder.events())
        folder.append(RESUMED)
        assert list(folder.events()) == [*known, RESUMED], f"cut at {size}"
        assert folder.events_file.read_bytes().startswith(data[:size])


def test_requests_written_after_a_cut_at_any_byte_are_read(tmp_path: Path) -> None:
    folder = alone("failed", tmp_path / "run")
    before = [Request("cancel", "redis"), Request("retry", "kafka"), Request("resume")]
    for request in before:
        folder.append_request(request)
    data = folder.control_file.read_bytes()
    last = Request("check", "redis", "linux/amd64", "user")
    for size in range(len(data) + 1):
        folder.control_file.write_bytes(data[:size])
        folder.append_request(last)
        request_reader = RequestReader(folder, 0)
        requests = request_reader.read()
        assert requests[-1] == last, f"cut at {size}"
        assert requests[:-1] == before[: len(requests) - 1]
        assert len(requests) - 1 >= data[:size].count(b"\n")
        assert request_reader.upto == folder.control_file.stat().st_size


def in_a_line_of_each_kind(data: bytes) -> Iterator[int]:
    """Yield every offset in the first line of each kind of event."""
    lines = data.splitlines(keepends=True)
    ends = list(itertools.accumulate(map(len, lines)))
    kinds = [type(event) for event in whole_lines(data)]
    for line, end in ((lines[at], ends[at]) for at in map(kinds.index, set(kinds))):
        yield from range(end - len(line), end)


def near_line_ends(data: bytes) -> list[int]:
    """Return the offsets within two bytes of a line end."""
    ends = [at for at, byte in enumerate(data) if byte == ord("\n")]
    places = {end + near for end in ends for near in (-2, -1, 0, 1, 2)}
    return sorted(place for place in places if 0 <= place <= len(data))


@pytest.mark.parametrize("name", ["checked", "failed", "cancelled"])
def test_truncated_events_give_the_state_of_their_complete_lines(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path / "run")
    data = folder.events_file.read_bytes()
    chance = random.Random(name)
    some = [chance.randrange(len(data)) for _ in range(20)]
    expected: dict[int, object] = {}
    for size in sorted({*near_line_ends(data)[-60:], *some}):
        lines = data[:size].count(b"\n")
        if lines not in expected:
            folder.events_file.write_bytes(b"".join(data.splitlines(keepends=True)[:lines]))
            expected[lines] = as_plain_data(followed(folder))
        folder.events_file.write_bytes(data[:size])
        assert as_plain_data(followed(folder)) == expected[lines], f"cut at {size}"


def test_a_resumed_run_has_the_state_that_followers_read(tmp_path: Path) -> None:
    folder = alone("checked", tmp_path / "run")
    data = folder.events_file.read_bytes()
    for size in near_line_ends(data):
        folder.events_file.write_bytes(data[:size])
        taken_up = state_of(folder)
        for event in (RESUMED, events.RunEnded(at=2e9, outcome=Outcome.CANCELLED)):
            folder.append(event)
            taken_up.apply_event(event)
        assert as_plain_data(followed(folder)) == as_plain_data(taken_up), f"cut at {size}"


# -- the stream of a target -------------------------------------------------------------------


def test_a_stream_cut_off_at_any_byte_has_the_records_of_its_complete_lines() -> None:
    data = (recording("cold").path / "all.rawjson").read_bytes()
    first = max(0, len(data) - WINDOW)
    reader, state = StreamDecoder(), RunState(recording("cold").info)
    state.apply_records("all", reader.feed(data[:first]))
    partial = data[data.rfind(b"\n", 0, first) + 1 : first]
    counted = 0
    for at in range(first, len(data)):
        byte = data[at : at + 1]
        records = reader.feed(byte)
        if byte == b"\n":
            (record,) = records
            assert isinstance(record, SolveStatus)
            state.apply_records("all", records)
            partial, counted = b"", counted + 1
            continue
        assert records == []
        partial += byte
        # Closing a stream that ends here adds nothing to the complete lines, except a last
        # record that misses only its line break.
        last = StreamDecoder()
        assert last.feed(partial) == []
        complete = data[at + 1 : at + 2] == b"\n"
        assert len(last.close()) == complete, f"cut behind {at}"
    assert counted > 100
    state.end_stream("all")
    assert as_plain_data(state)["targets"]["all"] == _stream_of(data)


def _is_torn(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return True
    return False


def _stream_of(data: bytes) -> object:
    reader, state = StreamDecoder(), RunState(recording("cold").info)
    state.apply_records("all", [*reader.feed(data), *reader.close()])
    state.end_stream("all")
    return as_plain_data(state)["targets"]["all"]


def test_truncated_plain_text_is_kept() -> None:
    data = (recording("failed").path / "kafka.rawjson").read_bytes()
    words = data.splitlines(keepends=True)[-1]
    assert words.startswith(b"ERROR: ")
    for size in range(1, len(words) + 1):
        reader = StreamDecoder()
        found = [*reader.feed(words[:size]), *reader.close()]
        assert found == [PlainText(words[:size].decode().rstrip("\n"))]


@pytest.mark.parametrize(
    ("name", "target"), [("failed", "kafka"), ("cancelled", "gcp"), ("warning", "mqtt")]
)
def test_a_truncated_stream_gives_the_state_of_its_complete_lines(
    tmp_path: Path, name: str, target: str
) -> None:
    folder = copied(name, tmp_path / "run")
    stream = folder.path / f"{target}.rawjson"
    data = stream.read_bytes()
    chance = random.Random(name)
    some = [chance.randrange(len(data)) for _ in range(20)]
    expected: dict[int, object] = {}
    for size in sorted({*near_line_ends(data)[-120:], *some}):
        lines = data[:size].splitlines(keepends=True)
        record = lines[-1].startswith(b"{")
        if not record and not lines[-1].endswith(b"\n"):
            continue  # truncated plain text is kept
        count = len(lines) - (record and _is_torn(lines[-1]))
        if count not in expected:
            stream.write_bytes(b"".join(lines[:count]))
            expected[count] = as_plain_data(followed(folder))
        stream.write_bytes(data[:size])
        assert as_plain_data(followed(folder)) == expected[count], f"cut at {size}"
