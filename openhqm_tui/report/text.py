"""Times and sizes as text for reports; missing values are written as not measured."""

from __future__ import annotations

import time

from openhqm_tui.domain.run.status import (
    CHECK_FAILED,
    CUT_OFF,
    NOT_BEGUN,
    RUN_TEXTS,
    STATUS_TEXTS,
    STOPPED,
    VERDICT_TEXTS,
)

NOT_MEASURED = "not measured"
# The same in a table, where it is explained once.
NOTHING = "–"
MARKS = {answer.value: text.symbol for answer, text in VERDICT_TEXTS.items()}
OUTCOMES = {outcome: str(text) for outcome, text in RUN_TEXTS.items()}
_RESULTS = (*STATUS_TEXTS.values(), CHECK_FAILED, STOPPED, CUT_OFF, NOT_BEGUN)
# The symbol of each word that a lane's result can be.
SYMBOLS = {text.word: text.symbol for text in _RESULTS}


def clock(seconds: float) -> str:
    """Return a duration as `0.4 s`, `28.3 s`, `4:44 min` or `1:02:03 h`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, left = divmod(whole, 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}:{left:02} h" if hours else f"{minutes}:{left:02} min"


def took(seconds: float | None) -> str:
    """Return a duration, `–` where it wasn't measured."""
    return NOTHING if seconds is None else clock(seconds)


def megabytes(size: int) -> str:
    """Return bytes as `61.2 MB` (10^6), small ones as `9.1 kB` or `29 B`."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e6:.1f} MB" if size >= 999_950 else f"{size / 1000:.1f} kB"


def weight(size: int | None) -> str:
    """Return bytes, `–` where they weren't measured."""
    return NOTHING if size is None else megabytes(size)


def percent(part: float | None) -> str:
    """Return a part of 1 as `32 %`, `–` where it wasn't measured."""
    if part is None:
        return NOTHING
    whole = round(100 * part)
    # Nearly all is not all, and next to nothing is not nothing.
    return f"{min(max(whole, 1), 99) if 0 < part < 1 else whole} %"


def change(ratio: float) -> str:
    """Return how something differs from what it is compared with: `−0.6 %`, `+12.0 %`."""
    percents = round(100 * (ratio - 1), 1)
    return f"{'−' if percents < 0 else '+'}{abs(percents):.1f} %" if percents else "0.0 %"


def count(number: int, word: str) -> str:
    """Return `1 image`, `4 images`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def moment(seconds: float) -> str:
    """Return a moment as `2026-11-23 16:32:11 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def timestamp(seconds: float) -> str:
    """Return a moment as ISO 8601 has it, UTC without saying so: what JUnit's readers take."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
