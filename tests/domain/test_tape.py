"""Replay: which part of a recording is due at which time."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.replay import (
    LONGEST_SILENCE,
    ReplayClock,
    ReplayEvent,
    ReplayTimeline,
    Span,
    events_due,
    spans,
    stream_due,
)

T0 = 1_795_000_000.0
STARTED = journal.TargetStarted(at=T0, target="redis", attempt=1, stream="redis.rawjson")


def line(event: journal.AnyEvent) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def record(*seconds: float) -> bytes:
    """Return a line of a stream with timestamps, in seconds after T0."""
    logs = [{"vertex": "sha256:1", "data": "aGk=", "timestamp": moment(s)} for s in seconds]
    return json.dumps({"logs": logs}).encode() + b"\n"


def moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(T0 + seconds, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("times", "position", "recorded"),
    [
        ([], 0.0, 0.0),
        ([], 5.0, 0.0),
        ([T0], 0.0, T0),
        ([T0, T0 + 5], 0.0, T0),
        ([T0, T0 + 5], 2.5, T0 + 2.5),
        ([T0 + 5, T0], 99.0, T0 + 5),
        # A day of silence takes ten seconds, with recorded time running evenly.
        ([T0, T0 + 2, T0 + 86402, T0 + 86405], 2.0, T0 + 2),
        ([T0, T0 + 2, T0 + 86402, T0 + 86405], 7.0, T0 + 2 + 43200),
        ([T0, T0 + 2, T0 + 86402, T0 + 86405], 12.0, T0 + 86402),
        ([T0, T0 + 2, T0 + 86402, T0 + 86405], 14.0, T0 + 86404),
        # Twice in one recording.
        ([T0, T0 + 100, T0 + 200], 15.0, T0 + 150),
    ],
)
def test_the_recorded_time_follows_the_position(times, position, recorded):
    assert ReplayTimeline(times).recorded(position) == recorded


@pytest.mark.parametrize(
    ("times", "length"),
    [
        ([], 0.0),
        ([T0], 0.0),
        ([T0, T0 + LONGEST_SILENCE], LONGEST_SILENCE),
        ([T0, T0 + LONGEST_SILENCE + 1], LONGEST_SILENCE),
        ([T0, T0 + 3, T0 + 1000, T0 + 1004], 3 + LONGEST_SILENCE + 4),
        ([T0, T0, T0], 0.0),
    ],
)
def test_a_timeline_shortens_long_silences(times, length):
    assert ReplayTimeline(times).length == length


def test_a_timeline_ends_at_the_last_recorded_time():
    times = [T0 + 0.1 * number for number in range(1000)]
    timeline = ReplayTimeline([*times, T0 + 5000.3, T0 + 5000.7])
    assert timeline.recorded(timeline.length) == T0 + 5000.7


@pytest.mark.parametrize(
    ("steps", "at", "position", "over"),
    [
        ([], 0.0, 0.0, False),
        ([], 7.0, 7.0, False),
        ([], 100.0, 60.0, True),
        ([(5, "faster")], 10.0, 5 + 5 * 2, False),
        ([(5, "faster"), (10, "faster")], 12.0, 15 + 2 * 5, False),
        ([(4, "slower")], 10.0, 4 + 6 * 0.5, False),
        ([(5, "pause")], 50.0, 5.0, False),
        ([(5, "pause"), (50, "go on")], 53.0, 8.0, False),
        ([(5, "pause"), (20, "faster"), (50, "go on")], 53.0, 5 + 3 * 2, False),
        ([(5, "end")], 5.0, 60.0, True),
        ([(5, "end")], 99.0, 60.0, True),
        ([(5, "half")], 6.0, 31.0, False),
        # A clock that is set back only delays it.
        ([(5, "pause"), (6, "go on")], 2.0, 5.0, False),
    ],
)
def test_the_position_follows_speed_pauses_and_jumps(steps, at, position, over):
    clock_state = ReplayClock(60.0)
    assert clock_state.position(0.0) == 0.0
    for clock, what in steps:
        match what:
            case "faster":
                clock_state.shift(clock, 1)
            case "slower":
                clock_state.shift(clock, -1)
            case "end":
                clock_state.jump(clock, 60.0)
            case "half":
                clock_state.jump(clock, 30.0)
            case _:
                clock_state.pause(clock, paused=what == "pause")
    assert clock_state.position(at) == position
    assert clock_state.is_over(at) is over


def test_a_replay_starts_at_the_first_reading_of_the_clock():
    pace = ReplayClock(60.0)
    assert pace.position(1000.0) == 0.0
    assert pace.position(1003.0) == 3.0


def test_an_infinite_speed_ends_immediately():
    pace = ReplayClock(60.0, math.inf)
    assert pace.is_over(0.0)


def test_the_speed_is_limited():
    pace = ReplayClock(60.0)
    for _ in range(20):
        pace.shift(0.0, 1)
    assert pace.speed == 100.0
    for _ in range(20):
        pace.shift(0.0, -1)
    assert pace.speed == 0.5


def test_bytes_are_due_in_order():
    due = ReplayEvent()
    due.add(T0, 10)
    due.add(T0, 15)
    due.add(T0 + 2, 30)
    due.add(T0 + 1, 40)
    seen = [due.upto(T0 + seconds) for seconds in (-1, 0, 1, 1.9, 2)]
    assert seen == [0, 15, 15, 15, 40]


def test_events_are_due_at_their_times_and_unreadable_lines_with_the_previous_one():
    first, last = line(STARTED), line(journal.RunEnded(at=T0 + 3, outcome=Outcome.PASSED))
    torn = b'{"event":"run-en'
    due, events = events_due([first, b"no event\n", last, torn])
    assert [event for _, event in events] == [
        STARTED,
        journal.RunEnded(at=T0 + 3, outcome=Outcome.PASSED),
    ]
    assert due.upto(T0) == len(first) + 9
    assert due.upto(T0 + 3) == len(first) + 9 + len(last) + len(torn)


def test_events_keep_the_order_of_the_journal():
    lines = [line(journal.Note(at=at, text="x")) for at in (T0 + 5, T0 + 1, T0 + 6)]
    due, events = events_due(lines)
    assert [at for at, _ in events] == [T0 + 5, T0 + 5, T0 + 6]
    assert due.upto(T0 + 4) == 0


@pytest.mark.parametrize("at", [1e11, 1e300])
def test_false_times_do_not_make_a_replay_endless(at):
    lines = [line(journal.Note(at=moment, text="x")) for moment in (T0, at, T0 + 1)]
    due, _ = events_due(lines)
    timeline = ReplayTimeline(due.times)
    assert timeline.length <= 3 * LONGEST_SILENCE
    assert due.upto(timeline.recorded(timeline.length)) == sum(map(len, lines))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([(0, "start")], [(0, math.inf)]),
        ([(0, "start"), (5, "end")], [(0, 5)]),
        ([(0, "start"), (5, "run over")], [(0, 5)]),
        ([(0, "start"), (5, "end"), (6, "start"), (9, "end")], [(0, 5), (6, 9)]),
        ([(0, "start"), (6, "start"), (9, "end")], [(0, 6), (6, 9)]),
        ([(5, "end")], []),
    ],
)
def test_streams_span_from_the_start_of_an_attempt_to_its_end(events, expected):
    made: dict[str, journal.AnyEvent] = {
        "start": STARTED,
        "end": journal.TargetEnded(at=0, target="redis", attempt=1, outcome=Outcome.PASSED),
        "run over": journal.RunEnded(at=0, outcome=Outcome.PASSED),
    }
    found = spans((float(at), made[what]) for at, what in events)
    assert [(span.begins, span.ends) for span in found] == expected


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        # The latest timestamp of a line; a line without one is due with the previous line.
        ([record(1), record(2, 3), b"ERROR: no\n", record(4)], [1, 3, 3, 4]),
        ([b"ERROR: at once\n", record(2)], [0, 2]),
        # Never earlier than the previous line, never after Buildx ended.
        ([record(3), record(1), record(99)], [3, 3, 10]),
        # A builder whose clock is an hour fast or slow.
        ([record(3600), record(3604)], [0, 4]),
        ([record(-3600), record(-3596)], [0, 4]),
        ([b'{"logs":[{"vertex":"x","timestamp":"never"}]}\n', b"{}\n"], [0, 0]),
        ([record(1), b"cut of"], [1, 1]),
    ],
)
def test_lines_of_a_stream_are_due_at_their_timestamps(lines, times):
    due = stream_due(lines, Span(STARTED, T0, T0 + 10))
    ends = [sum(map(len, lines[: number + 1])) for number in range(len(lines))]
    for number, seconds in enumerate(times):
        last = max(n for n, s in enumerate(times) if s <= seconds)
        assert due.upto(T0 + seconds) == ends[last], number
        assert due.upto(T0 + seconds - 0.01) < ends[number], number
