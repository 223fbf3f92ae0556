"""Durations, sizes, counts and moments as text: the same in every front end.

Elapsed time is rounded down, time left is rounded up, sizes are decimal with three digits.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

# A value that wasn't measured.
MISSING = "–"
_UNITS = ("B", "kB", "MB", "GB", "TB")


def clock_text(seconds: float, *, tenths: bool = False) -> str:
    """Return an elapsed time that may still grow: `0:04`, `12:30`, `1:02:03`; `0:04.1`."""
    whole, rest = divmod(_milliseconds(seconds), 1000)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"
    return f"{text}.{rest // 100}" if tenths else text


def duration_text(seconds: float | None) -> str:
    """Return a measured duration: `4.1 s` below ten seconds, otherwise `0:59`, `1:02:03`."""
    if seconds is None:
        return MISSING
    tenths = _milliseconds(seconds) // 100
    return f"{tenths // 10}.{tenths % 10} s" if tenths < 100 else clock_text(seconds)


def elapsed_text(seconds: float, *, running: bool) -> str:
    """Return an elapsed time: as a clock while it grows, as a duration afterwards."""
    return clock_text(seconds) if running else duration_text(seconds)


def time_left_text(seconds: float) -> str:
    """Return how long something will take, at least a second: `0:01`, `12:30`."""
    return clock_text(max(1, math.ceil(_milliseconds(seconds) / 1000)))


def axis_text(seconds: float) -> str:
    """Return a position on a time axis: `0`, `0.5 s`, `5 s`, `1:30`."""
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds else "0"
    return clock_text(seconds)


def _milliseconds(seconds: float) -> int:
    # The difference of two epoch times has an error below a microsecond: without rounding it
    # first, 4.1 s would be rounded down to 4.0 s.
    return max(0, round(seconds * 1000))


def size_text(size: float | None) -> str:
    """Return a number of bytes in the units that Docker uses: `29 B`, `41.5 MB`, `1.23 GB`."""
    if size is None:
        return MISSING
    if size < 1000:
        return f"{size:.0f} B"
    for unit in _UNITS[1:]:
        size /= 1000
        for digits, limit in ((2, 9.995), (1, 99.95), (0, 999.5)):
            if size < limit:
                return f"{size:.{digits}f} {unit}"
    return f"{size:.0f} {_UNITS[-1]}"


def progress_text(done: float, total: float) -> str:
    """Return the bytes transferred of the total: `12.4 / 61.0 MB`, `61.0 MB`; '' if none."""
    if not total:
        return ""
    whole = size_text(total)
    if done >= total:
        return whole
    return f"{size_text(done).removesuffix(whole[whole.index(' ') :])} / {whole}"


def count_text(number: int, noun: str) -> str:
    """Return `1 image`, `4 images`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent_text(part: float | None) -> str:
    """Return a fraction as percent: `32 %`; only all is `100 %`, only nothing `0 %`."""
    if part is None:
        return MISSING
    whole = round(100 * part)
    return f"{min(max(whole, 1), 99) if 0 < part < 1 else whole} %"


def change_text(ratio: float) -> str:
    """Return a relative change: `−0.6 %`, `+12.0 %`."""
    percents = round(100 * (ratio - 1), 1)
    return f"{'−' if percents < 0 else '+'}{abs(percents):.1f} %" if percents else "0.0 %"


def local_time_text(moment: float) -> str:
    """Return a moment, in seconds since the epoch, in the local time zone: `23 Nov 15:14`."""
    return _local(moment).strftime("%d %b %H:%M")


def recent_time_text(moment: float, now: float) -> str:
    """Return a moment in the local time zone: `15:14` if on the same day as `now`."""
    same_day = _local(moment).date() == _local(now).date()
    return _local(moment).strftime("%H:%M") if same_day else local_time_text(moment)


def utc_time_text(moment: float) -> str:
    """Return a moment in UTC: `2026-11-23 16:32:11 UTC`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC).astimezone()
