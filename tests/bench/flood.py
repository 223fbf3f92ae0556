"""A stand-in for sixteen noisy builds: a process that writes a live run folder at a given rate.

`python -m tests.bench.flood STATE RATE SECONDS` holds the run's lock, as a runner does, and writes
numbered log lines to the streams of eight targets as Buildx would. At the end it prints the number
of lines of each lane as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from openhqm_tui.domain.run.events import Outcome
from tests.tui.folders import BOTH, EIGHT, STEPS, Made

_EVERY = 0.01
# The lanes of a finished run alternate, as they do in a live one.
_PARTS = 20
# The size of a write into a pipe: the buffer of C's stdio.
PIPED = 4096
# As from compilers and package managers: about 60 bytes, every tenth line colored.
_PLAIN = "#%07d copying build/lib.linux/openhqm/queue/module_%03d.py"
_COLOURED = "#%07d \x1b[32m+\x1b[39m \x1b[1mpackage-%03d\x1b[0m\x1b[2m==1.2.3\x1b[0m installed"


def line(number: int) -> str:
    """Return the line with this number, counted from 0 in each lane."""
    return (_COLOURED if number % 10 == 0 else _PLAIN) % (number, number % 1000)


def number_of(text: str) -> int:
    """Return the number of a line created by `line`, -1 for any other."""
    return int(text[1:8]) if text[:1] == "#" and text[1:8].isdigit() else -1


class Lane:
    """The running step of a lane, and the number of lines it has written."""

    def __init__(self, target: str, platform: str, file: BinaryIO) -> None:
        place, title, _ = STEPS[1]
        self.target, self.platform, self.file = target, platform, file
        self.digest = f"sha256:{target}-[{platform} {place}] {title}"
        self.written = 0

    def records(self, count: int, piece: int = 0) -> bytes:
        """Return the next `count` lines as records, each with one line or `piece` bytes.

        Programs that write to a terminal or flush send single lines; those that write into a pipe
        send pieces cut anywhere.
        """
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        head = f'{{"logs":[{{"vertex":"{self.digest}","stream":1,"data":"'.encode()
        tail = f'","timestamp":"{moment}"}}]}}\n'.encode()
        found = bytearray()
        lines = [f"{line(self.written + number)}\n".encode() for number in range(count)]
        if piece:
            whole = b"".join(lines)
            lines = [whole[at : at + piece] for at in range(0, len(whole), piece)]
        for data in lines:
            found += head + b64encode(data) + tail
        self.written += count
        return bytes(found)


def begin(state: Path, lanes_wanted: int = 16) -> tuple[Made, list[Lane]]:
    """Create a live run with that many lanes, two for each target, each in its second step."""
    names = [*EIGHT, *(f"more-{number}" for number in range(lanes_wanted // 2 - len(EIGHT)))]
    platforms = BOTH[: min(2, lanes_wanted)]
    rows = dict.fromkeys(names[: max(1, lanes_wanted // 2)], platforms)
    made = Made(state, rows, created=time.time()).hold().start()
    lanes = []
    for target in rows:
        made.begin(target)
        file = (made.run.path / made.run.stream_name(target, 1)).open("ab", buffering=0)
        for platform in platforms:
            made.lane(target, platform, 1, 1.0)
            lanes.append(Lane(target, platform, file))
    return made, lanes


def end(made: Made, seconds: float) -> None:
    """End the targets and the run."""
    for target in made.rows:
        made.finish(target, Outcome.PASSED, seconds)
    made.end(Outcome.PASSED, seconds)


def finished(state: Path, lines: int, lanes_wanted: int = 16, piece: int = 0) -> Path:
    """Write a finished run with that many lines and return its folder."""
    made, lanes = begin(state, lanes_wanted)
    for part in range(_PARTS):
        for lane in lanes:
            share = lines // len(lanes)
            count = share * (part + 1) // _PARTS - share * part // _PARTS
            lane.file.write(lane.records(count, piece))
    end(made, 60.0)
    return made.run.path


def main(state: Path, rate: int, seconds: float) -> int:
    """Write at this rate for that many seconds, catching up on delays."""
    made, lanes = begin(state)
    sys.stdout.write(f"{made.run.path}\n")
    sys.stdout.flush()
    began, given = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate)
        share, rest = divmod(due - given, len(lanes))
        for index, lane in enumerate(lanes):
            # The lane that gets one more alternates, so that all lanes get the same in the end.
            if count := share + ((index - given) % len(lanes) < rest):
                lane.file.write(lane.records(count))
        given = due
        time.sleep(_EVERY)
    end(made, time.time() - made.created)
    lines = {f"{lane.target} {lane.platform}": lane.written for lane in lanes}
    sys.stdout.write(json.dumps({"lines": lines, "seconds": time.monotonic() - began}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
