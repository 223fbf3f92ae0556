"""Emulators: version, speed, and known faults."""

from __future__ import annotations

import math
import re

from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.text import Inert

# QEMU computes the pointer authentication of its default CPU with a slow cipher, at every call and
# return of a distribution's code: without it Python starts 2 times and imports 5 times faster.
# These instructions do nothing then, as on every ARM server that predates them.
# Since QEMU 10 its default is a cheap one; without pointer authentication a program still takes a
# little less (4.7 s of CPU time instead of 5.1 s under 11.1).
EMULATED_CPU = {"arm64": "max,pauth=off"}
# Before QEMU 10 its default ARM processor computes pointer authentication in software, and the
# code of today's distributions uses it at every call (docker-library/python discussion 1073).
GOOD_VERSION = (10, 0)
# These crash in the scripts of `libc-bin` and in Node (docker/setup-qemu-action#199 and #201,
# tonistiigi/binfmt#215 and #245).
_FIRST_CRASHING = (8, 2)
# If slower than this factor, another version of the emulator is worth trying.
_SLOW_FACTOR = 12.0
# Measured with the probe on arm64; used only without a measurement on this machine.
_USUAL_FACTOR_BEFORE = 22.0
_USUAL_FACTOR_SINCE = 7.0
_SLOW_BEFORE_GOOD = {"arm64"}


class Emulator(Inert, frozen=True, kw_only=True):
    """What runs the programs of a foreign platform.

    `version` is what it reports, '' if it can't (Rosetta); `flags` are those of binfmt_misc;
    `factor` is how many times slower than native the probe ran, 0 if not measured; `best` means
    that a newer version was measured here and isn't faster.
    """

    name: str = "QEMU"
    version: str = ""
    flags: str = ""
    factor: float = 0.0
    best: bool = False

    @property
    def number(self) -> tuple[int, ...]:
        """The numeric version: `7.2.22 (Debian 1:7.2)` is (7, 2, 22); () if unknown."""
        match = re.match(r"\d+(?:\.\d+)*", self.version)
        return tuple(int(part) for part in match[0].split(".")) if match else ()

    @property
    def title(self) -> str:
        """Its name and numeric version."""
        return " ".join([self.name, ".".join(map(str, self.number))]).strip()

    @property
    def crashes(self) -> bool:
        """Whether this version is known to crash programs that work natively."""
        return self.name == "QEMU" and _FIRST_CRASHING <= self.number < GOOD_VERSION

    def slow_on(self, platform: Platform) -> bool:
        """Return whether another version is likely to be much faster."""
        if self.name != "QEMU" or not self.number or self.best or self.number >= GOOD_VERSION:
            return False
        return self.factor > _SLOW_FACTOR if self.factor else platform.arch in _SLOW_BEFORE_GOOD


def parse_version(text: str) -> str:
    """Return the version in an emulator's output; '' if there is none.

    `qemu-aarch64 version 7.2.22 (Debian 1:7.2+dfsg-7)` is `7.2.22 (Debian 1:7.2+dfsg-7)`.
    """
    match = re.search(r"(?m)^qemu-\S+ version (\d[^\n]{0,200})$", text)
    return match[1].strip() if match else ""


def factor_text(factor: float) -> str:
    """Return a factor as text: `22 ×`, `4.7 ×`."""
    return f"{factor:.0f} ×" if factor >= 10 else f"{factor:.1f} ×"


def speed_text(emulator: Emulator, platform: Platform) -> str:
    """Return how fast `platform` runs here, and how fast it could run."""
    told = f"{factor_text(emulator.factor)} slower than native" if emulator.factor else ""
    if not emulator.slow_on(platform):
        return told
    told = told or f"about {_USUAL_FACTOR_BEFORE:.0f} × slower than native"
    return f"{told}; about {_USUAL_FACTOR_SINCE:.0f} × with QEMU 10 or later"


def crash_hint(emulator: Emulator | None) -> str:
    """Return what to do about a crash of the emulator, naming the installed version."""
    here = f" ({emulator.title})" if emulator is not None and emulator.number else ""
    hint = f"The emulator{here} may have crashed, not your code: "
    if emulator is not None and emulator.crashes:
        return (
            f"The emulator{here} is a version known to crash (8.2 to 9.2): "
            "`openhqm-tui doctor --fix` registers QEMU 10 or later."
        )
    if emulator is not None and emulator.number >= GOOD_VERSION:
        return f"{hint}try again, or use a native node."
    newer = "QEMU 10 or later (`openhqm-tui doctor --fix`)"
    return f"{hint}try {newer} or a native node."


def seconds_saved(seconds: float, emulator: Emulator, platform: Platform) -> float:
    """Return how much of `seconds` of emulated work a fast emulator would have saved."""
    if not emulator.slow_on(platform):
        return 0.0
    factor = emulator.factor or _USUAL_FACTOR_BEFORE
    return max(0.0, seconds * (1 - _USUAL_FACTOR_SINCE / factor))


def minutes_text(seconds: float) -> str:
    """Return a duration in whole minutes, at least one."""
    return count_text(max(1, math.floor(seconds / 60)), "minute")
