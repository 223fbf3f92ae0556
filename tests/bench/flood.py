"""A stand-in for sixteen noisy builds: a process that writes a live run folder at a given rate.

`python -m tests.bench.flood STATE RATE SECONDS` holds the run's lock, as a runner does, and
writes numbered log lines to the streams of eight targets as Buildx would. At the end
it prints how many lines each lane was given, as JSON.
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
# The lanes of a finished run take turns, as they do in a live one.
_PARTS = 20
# How much a program writes into a pipe at once: the buffer of C's stdio.
PIPED = 4096
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

    def records(self, count: int, piece: int = 0) -> bytes:
        """Return the next `count` lines as records: a line in each, or a `piece` of so many bytes.

        Lines come one by one from what writes to a terminal or flushes; in pieces, cut anywhere,
        from what writes into a pipe.
        """
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        head = f'{{"logs":[{{"vertex":"{self.digest}","stream":1,"data":"'.encode()
        tail = f'","timestamp":"{moment}"}}]}}\n'.encode()
        found = bytearray()
        lines = [f"{line(self.said + number)}\n".encode() for number in range(count)]
        if piece:
            whole = b"".join(lines)
            lines = [whole[at : at + piece] for at in range(0, len(whole), piece)]
        for data in lines:
            found += head + b64encode(data) + tail
        self.said += count
        return bytes(found)


def begin(state: Path, lanes_wanted: int = 16) -> tuple[Made, list[Lane]]:
    """Make a live run of so many lanes, two in a target, each in its second step."""
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
    """Write a run of that many lines that is over, and return its folder."""
    made, lanes = begin(state, lanes_wanted)
    for part in range(_PARTS):
        for lane in lanes:
            share = lines // len(lanes)
            count = share * (part + 1) // _PARTS - share * part // _PARTS
            lane.file.write(lane.records(count, piece))
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
