"""What became of an image's own command in its container, in a line: answered, ended, hung."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import msgspec

from openhqm_tui.domain.expectation import Service
from openhqm_tui.domain.plain_text import one_line, plain
from openhqm_tui.domain.verdicts import Answer

# What a container is allowed: megabytes, no swap beside them; processes and threads.
MEMORY_MB = 512
PROCESSES = 128
# SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: what an emulator's own faults look like.
CRASHES = frozenset({4, 5, 6, 7, 8, 11})
EMULATOR_HINT = "a newer QEMU or a native node can tell"
# No count that a probe tells has more digits than a screen has room for.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# Below this share of the time on a processor, a command that doesn't answer waits for something.
_BUSY = 0.1
_READ_ONLY = re.compile(
    r"Read-only file system: '(?P<python>[^']+)'"
    r"|(?:[Cc]annot|[Cc]an't|[Uu]nable to|[Ff]ailed to) \w+ (?P<shell>[^:]+): Read-only file system"
    r"|(?P<go>/[^\s:'\"]+)['\"]?: [Rr]ead-only file system"
    r"|Read-only file system"
)


class Told(NamedTuple):
    """An answer, what was seen and what was wanted."""

    answer: Answer
    seen: str
    wanted: str

    @classmethod
    def of(cls, right: bool, seen: str, wanted: str) -> Told:
        """Pass where it is right, else fail."""
        return cls(Answer.PASS if right else Answer.FAIL, seen, wanted)


class SeenService(msgspec.Struct, frozen=True, kw_only=True):
    """What the image's own command did; see openhqm_tui/run/probe_service.py.

    `status` 0: no answer; `reply` is the beginning of one that isn't HTTP. `ended` with `signal`
    or `exit_code`: by itself. `out_of_memory` and `refused_forks` are the kernel's counts.
    """

    milliseconds: Count = 0
    listens: bool = False
    status: Count = 0
    reply: str = ""
    ended: bool = False
    signal: Count = 0
    exit_code: Count = 0
    cpu_milliseconds: Count = 0
    out_of_memory: Count = 0
    refused_forks: Count = 0
    words: str = ""

    @property
    def crashed(self) -> bool:
        """Whether it ended in the way that an emulator's crash looks."""
        return "uncaught target signal" in self.words or (
            self.ended and (self.signal in CRASHES or self.exit_code - 128 in CRASHES)
        )

    @property
    def hit_a_limit(self) -> bool:
        """Whether it wanted more memory or processes than the container has."""
        return bool(self.out_of_memory or self.refused_forks)


def what_became_of(wanted: Service, seen: SeenService, *, emulated: bool) -> Told:
    """Say whether the image's own command answers as it must, or what it did instead.

    Under emulation a crash is `unknown`, and so is silence of a command that was busy all its
    time; one that waited for something has had nine times the time that it may take natively.
    """
    place = f":{wanted.port}{wanted.path}"
    wish = f"{wanted.status} on {place}"
    words = _last_words(seen.words)
    if seen.out_of_memory:
        return Told(Answer.FAIL, f"killed: out of memory (limit {MEMORY_MB} MB)", wish)
    if seen.refused_forks:
        return Told(Answer.FAIL, f"process limit of {PROCESSES} reached", wish)
    if seen.status == wanted.status:
        return Told(Answer.PASS, f"{wish} after {_seconds(seen.milliseconds)} s", wish)
    if emulated and seen.crashed:
        how = f"signal {seen.signal}" if seen.signal else f"exit code {seen.exit_code}"
        text = f"the emulator crashed ({how}){words}; {EMULATOR_HINT}"
        return Told(Answer.UNKNOWN, text, wish)
    if refused := _not_written(seen.words):
        return Told(Answer.FAIL, refused, wish)
    if seen.ended:
        how = f"killed by signal {seen.signal}" if seen.signal else ""
        return Told(Answer.FAIL, f"{how or f'ended with exit code {seen.exit_code}'}{words}", wish)
    if seen.status:
        return Told(Answer.FAIL, f"answers {seen.status} on {place}{words}", wish)
    if seen.reply:
        return Told(Answer.FAIL, f"answers on {place}, but not HTTP: {seen.reply}", wish)
    waited = f"in {_seconds(seen.milliseconds)} s"
    listens = f"listens on :{wanted.port}, but gives no answer {waited}"
    text = f"{listens if seen.listens else f'no answer {waited}'}{words}"
    if emulated and seen.cpu_milliseconds > _BUSY * seen.milliseconds:
        return Told(Answer.UNKNOWN, f"{text}; busy all the time: emulation may be too slow", wish)
    return Told(Answer.FAIL, text, wish)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f}" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f}"


def _last_words(words: str) -> str:
    lines = [line for line in plain(words).splitlines() if line.strip()]
    return f": {one_line(lines[-1], 160)}" if lines else ""


def _not_written(words: str) -> str:
    """Return which file couldn't be written, where the last words tell of a read-only one."""
    found = list(_READ_ONLY.finditer(plain(words)))
    if not found:
        return ""
    place = next((name for name in found[-1].groups() if name), "")
    file = one_line(place, 120) or "its files"
    return f"could not write {file}: Read-only file system"
