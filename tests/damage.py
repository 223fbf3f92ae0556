"""Damaged copies of recorded runs, as from a broken disk, a newer version or an attacker.

A damage is described by a few bytes, so that Hypothesis can shrink it and anyone can repeat it.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from openhqm_tui.domain.run.log import LONGEST_SHOWN, NO_STEP, LogLines
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow import follower as follow
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import recording

# One change: its kind, its place, and its argument.
Change = tuple[int, int, int]

_CHANGE = struct.Struct(">BHH")
_BYTES = (b"\x00", b"\xff", b"\n", b"\r", b'"', b"{", b"}", b"\\", b"\x1b[2J", b"\xed\xa0\x80")
_GARBAGE = (
    b"not json",
    b"\xff\xfe\x00\x01",
    b"[" * 3000,
    b'{"vertexes":' + b"[" * 3000,
    b'{"vertexes":[null]}',
    b'{"event":"of-a-newer-version","at":1}',
    b'{"event":"run-started","at":1795451500.5,"pid":-1}',
    b'{"event":"run-ended","at":1795451500.5,"outcome":"failed"}',
    b'{"event":"target-started","at":1,"target":"redis","attempt":-7,"stream":"../run.json"}',
    b'{"event":"target-ended","at":1,"target":"nobody","attempt":1,"outcome":"passed"}',
    b'{"event":"heard","at":1,"upto":99999999999999999999999999}',
    b'{"event":"image-seen","at":1,"target":"redis","platform":"linux/vax","digest":"x"}',
    b'{"logs":[{"vertex":"nobody","stream":-3,"data":"AAAA"}]}',
    b'{"logs":[{"vertex":"sha256:0","stream":999,"data":"not base64"}]}',
    b"ERROR: \xe2\x80\xae failed",
    b"x" * 40_000,
)
_VALUES = (
    b"null", b"true", b"-1", b"0", b"1.5", b"1e308", b"-1e308", b"1e999", b"NaN", b"[]", b"{}",
    b'""',
    b"9" * 30, b"-" + b"9" * 30, b"9" * 400, b"18446744073709551616", b'"\\ud800"', b'"\\u0000"',
    b"[" * 600 + b"]" * 600, b'{"a":' * 600 + b"1" + b"}" * 600,
)  # fmt: skip
_TIMES = (
    b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999-12:00", b"9999-12-31T23:59:59",
    b"1969-12-31T23:59:59Z", b"-001-01-01T00:00:00Z", b"2026-11-23T00:00:00+14:00",
    b"2026-02-30T00:00:00Z", b"2026-11-23T25:61:61Z", b"1971-01-01T00:00:00Z", b"",
)  # fmt: skip
_VALUE = re.compile(rb"(?<=:)(?:-?[0-9][0-9.]*|\"(?:[^\"\\]|\\.)*\"|true|false|null)")
_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^\"]*")
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")


DAMAGES = st.binary(min_size=8, max_size=40)


class Source(NamedTuple):
    """Parts of a recorded run: its events, and some lines of each stream."""

    info: bytes
    events: list[bytes]
    streams: dict[str, list[bytes]]


def _source(name: str, first: int, count: int) -> Source:
    folder = recording(name)
    streams = {
        file.name: file.read_bytes().splitlines(keepends=True)[first : first + count]
        for file in sorted(folder.path.glob("*.rawjson"))[:2]
    }
    events = folder.events_file.read_bytes().splitlines(keepends=True)
    return Source(folder.info_file.read_bytes(), events, streams)


SOURCES = (
    _source("failed", 0, 24),
    _source("failed", 40, 24),
    _source("cancelled", 10, 24),
    _source("emulated", 0, 24),
    _source("emulated", 20, 40),
    _source("warning", 0, 24),
    _source("bake_fails", 4, 24),
    _source("checked", 80, 24),
)


def _flip(line: bytes, at: int, what: int) -> bytes:
    at %= len(line)
    return line[:at] + bytes([line[at] ^ (1 << what % 8)]) + line[at + 1 :]


def _put(line: bytes, at: int, piece: bytes) -> bytes:
    at %= len(line)
    return line[:at] + piece + line[at:]


def _replace(found: re.Pattern[bytes], line: bytes, at: int, piece: bytes) -> bytes:
    places = list(found.finditer(line))
    if not places:
        return piece + line
    place = places[at % len(places)]
    return line[: place.start()] + piece + line[place.end() :]


def damage(lines: Sequence[bytes], changes: Sequence[Change]) -> list[bytes]:
    """Return the lines after applying the changes in order."""
    lines = list(lines)
    for kind, where, what in changes:
        if not lines:
            return lines
        at, within = where % len(lines), where // len(lines)
        line, other = lines[at], what % len(lines)
        match kind % 13:
            case 0:
                lines[at] = _flip(line, within, what)
            case 1:
                lines[at] = _put(line, within, _BYTES[what % len(_BYTES)])
            case 2:
                del lines[at]
            case 3:
                lines.insert(other, line)
            case 4:
                lines[at], lines[other] = lines[other], line
            case 5:
                lines.insert(at, _GARBAGE[what % len(_GARBAGE)] + b"\n")
            case 6:
                lines[at] = _put(line, within, _GARBAGE[what % len(_GARBAGE)])
            case 7:
                lines[at] = line[: within % len(line)]
            case 8:
                lines[at] = _replace(_VALUE, line, within, _VALUES[what % len(_VALUES)])
            case 9:
                lines[at] = _replace(_TIME, line, within, _TIMES[what % len(_TIMES)])
            case 10:
                digests = _DIGEST.findall(lines[other])
                lines[at] = _replace(_DIGEST, line, within, digests[0] if digests else b"")
            case 11:
                lines[at] = _replace(_VALUE, line, within, b"%d" % (what - 32768))
            case _:
                lines[at : at + 1] = [line] * (2 + what % 20)
        if not lines[at if at < len(lines) else -1]:
            del lines[at]
    return lines


class Bench:
    """Folders for damaged runs; only files that differ from the previous run are written."""

    def __init__(self, place: Path) -> None:
        self._folders: list[RunFolder] = []
        self._written: dict[Path, list[bytes]] = {}
        for number, source in enumerate(SOURCES):
            folder = place / str(number)
            folder.mkdir()
            (folder / "run.json").write_bytes(source.info)
            self._folders.append(RunFolder(folder))

    def follow(self, description: bytes) -> Follower:
        """Damage a run as described, follow it to its end, and assert that its state is valid."""
        folder, size = self.damaged(description)
        follower = read_to_the_end(folder, (65536, 3000, 65536, 811)[description[2] % 4])
        hold_sane(follower.state, size)
        return follower

    def damaged(self, description: bytes) -> tuple[RunFolder, int]:
        """Damage a run as described; return its folder and its size in bytes.

        The first bytes select the run, the file and the read size; the changes follow, with five
        bytes each.
        """
        which, part = description[:2]
        changes = list(
            _CHANGE.iter_unpack(
                description[3 : len(description) - (len(description) - 3) % _CHANGE.size]
            )
        )
        folder = self._folders[which % len(SOURCES)]
        source = SOURCES[which % len(SOURCES)]
        files = {"events.jsonl": source.events, **source.streams}
        name = list(files)[part % len(files)]
        files[name] = damage(files[name], changes)
        for file, lines in files.items():
            path = folder.path / file
            if self._written.get(path) != lines:
                path.write_bytes(b"".join(lines))
                self._written[path] = lines
        return folder, sum(len(line) for lines in files.values() for line in lines)


def read_to_the_end(folder: RunFolder, at_once: int) -> Follower:
    """Follow a run without a runner; it must come to an end."""
    before, follow._MOST_BYTES = follow._MOST_BYTES, at_once
    follower = Follower(folder)
    try:
        for _ in range(2000):
            if follower.finished:
                return follower
            follower.poll()
    finally:
        follow._MOST_BYTES = before
        follower.close()
    raise AssertionError("the end of a run without a runner was not reached")


def hold_sane(state: RunState, size: int) -> None:
    """Assert that a state read from `size` bytes is valid."""
    now = 2e9
    assert _is_time(state.last_at)
    assert _is_time(state.elapsed(now))
    bytes_held = 0
    for target in state.targets.values():
        over, known = target.step_counts()
        assert (
            0 <= over <= known == len(target.steps) == len({id(s) for s in target.steps.values()})
        )
        assert _is_time(target.elapsed(now))
        assert target.status
        assert len(target.texts) <= 2000
        bytes_held += _hold_log(target.log, known)
        for lane in target.lanes.values():
            counts = lane.step_counts()
            assert 0 <= counts[0] <= counts[1] <= known
            assert lane.status
            assert lane.content_size >= 0 <= lane.unpacked_size
            bytes_held += _hold_log(lane.log, known)
        for step in target.steps.values():
            current, total = step.moved()
            assert 0 <= current <= total
            assert math.isfinite(current / (total or 1))
            assert _is_time(step.busy(now))
            assert step.status
            assert all(map(math.isfinite, step.intervals))
    # Each step adds some text of ours, at most twice.
    assert bytes_held <= 3 * size + 1000


def _hold_log(log: LogLines, steps: int) -> int:
    size = 0
    for index in range(len(log)):
        line = log[index]
        assert 0 <= line.step < max(1, steps) or line.step == NO_STEP
        assert math.isfinite(line.at)
        assert len(line.text) <= LONGEST_SHOWN + 100
        size += len(line.text)
    return size


def _is_time(seconds: float) -> bool:
    # A time that a clock can show.
    return 0 <= seconds <= 1e12
