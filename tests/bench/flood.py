"""A stand-in for sixteen noisy builds: a process that writes a live run folder at a given rate.

`python -m tests.bench.flood STATE RATE SECONDS` holds the run's lock, as a runner does, and
writes numbered log lines to the streams of eight targets as Buildx would. Its last words on
stdout are how many lines each lane was given, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from openhqm_tui.domain.journal import Outcome
from tests.tui.folders import BOTH, EIGHT, STEPS, Made

_EVERY = 0.01
# Of what compilers and package managers say: about 60 bytes, every tenth line coloured.
_PLAIN = "#%07d copying build/lib.linux/openhqm/queue/module_%03d.py"
_COLOURED = "#%07d \x1b[32m+\x1b[39m \x1b[1mpackage-%03d\x1b[0m\x1b[2m==1.2.3\x1b[0m installed"


def line(number: int) -> str:
    """Return the line of that number, counted from 0 in each lane."""
    return (_COLOURED if number % 10 == 0 else _PLAIN) % (number, number % 1000)


def number_of(text: str) -> int:
    """Return the number of a line that `line` made; -1 for any other."""
    return int(text[1:8]) if text[:1] == "#" and text[1:8].isdigit() else -1


class Lane:
    """One lane's running step, and how much it has said."""

    def __init__(self, target: str, platform: str, file: BinaryIO) -> None:
        place, title, _ = STEPS[1]
        self.target, self.platform, self.file = target, platform, file
        self.digest = f"sha256:{target}-[{platform} {place}] {title}"
        self.said = 0

    def records(self, count: int, a_record: int = 1) -> bytes:
        """Return the next `count` lines as records of the stream, `a_record` lines in each."""
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        head = f'{{"logs":[{{"vertex":"{self.digest}","stream":1,"data":"'.encode()
        tail = f'","timestamp":"{moment}"}}]}}\n'.encode()
        found = bytearray()
        for first in range(self.said, self.said + count, a_record):
            last = min(first + a_record, self.said + count)
            text = "".join(f"{line(number)}\n" for number in range(first, last))
            found += head + b64encode(text.encode()) + tail
        self.said += count
        return bytes(found)


def begin(state: Path) -> tuple[Made, list[Lane]]:
    """Make a live run of sixteen lanes, each in its second step."""
    made = Made(state, EIGHT, created=time.time()).hold().start()
    lanes = []
    for target in EIGHT:
        made.begin(target)
        file = (made.run.path / made.run.stream_name(target, 1)).open("ab", buffering=0)
        for platform in BOTH:
            made.lane(target, platform, 1, 1.0)
            lanes.append(Lane(target, platform, file))
    return made, lanes


def end(made: Made, seconds: float) -> None:
    """End the targets and the run."""
    for target in EIGHT:
        made.finish(target, Outcome.PASSED, seconds)
    made.end(Outcome.PASSED, seconds)


def finished(state: Path, lines: int) -> Path:
    """Write a run of that many lines that is over, and return its folder."""
    made, lanes = begin(state)
    for lane in lanes:
        for _ in range(20):
            lane.file.write(lane.records(lines // len(lanes) // 20, a_record=20))
    end(made, 60.0)
    return made.run.path


def main(state: Path, rate: int, seconds: float) -> int:
    """Write at that rate for so long; what is behind is made up for, so the sum is as asked."""
    made, lanes = begin(state)
    sys.stdout.write(f"{made.run.path}\n")
    sys.stdout.flush()
    began, given = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate)
        share, rest = divmod(due - given, len(lanes))
        for place, lane in enumerate(lanes):
            # Who gets one more takes turns, so that all lanes say the same in the end.
            if count := share + ((place - given) % len(lanes) < rest):
                lane.file.write(lane.records(count))
        given = due
        time.sleep(_EVERY)
    end(made, time.time() - made.created)
    told = {f"{lane.target} {lane.platform}": lane.said for lane in lanes}
    sys.stdout.write(json.dumps({"lines": told, "seconds": time.monotonic() - began}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
