"""Rows of a log as they are drawn: pieces of styled lines, what is marked in them, their times."""

from __future__ import annotations

import time
from collections.abc import Iterable
from enum import StrEnum

from rich.segment import Segment
from rich.style import Style

from openhqm_tui.domain.formatting import clock_text

Span = tuple[int, int, Style]

STAMP_WIDTH = 9


class Stamps(StrEnum):
    """The kind of timestamp before a line."""

    NONE = "no times"
    SINCE = "since the start"
    CLOCK = "time of day"

    @property
    def next(self) -> Stamps:
        """The one that a further key press brings."""
        every = list(Stamps)
        return every[(every.index(self) + 1) % len(every)]


def stamp(at: float, kind: Stamps, began: float | None) -> str:
    """Return a line's time, `at` in seconds since the epoch: `0:12.3`, `15:14:12`, or ''."""
    if not at or kind is Stamps.NONE:
        return ""
    if kind is Stamps.CLOCK:
        return time.strftime("%H:%M:%S", time.localtime(at))
    if began is None:
        return ""
    return clock_text(at - began, tenths=at - began < 3600)


def painted(segments: Iterable[Segment], spans: Iterable[Span]) -> list[Segment]:
    """Return the segments with styles laid over some characters, later ones on top."""
    found = list(segments)
    for start, end, style in spans:
        inside = cut_out(found, start, end)
        found = [
            *cut_out(found, 0, start),
            *(Segment(text, (own or Style.null()) + style) for text, own, _ in inside),
            *cut_out(found, end, None),
        ]
    return found


def cut_out(segments: Iterable[Segment], start: int, end: int | None) -> list[Segment]:
    """Return what is shown of characters `start` up to `end`; None: to the last."""
    found: list[Segment] = []
    at = 0
    for text, style, _ in segments:
        low = max(0, start - at)
        high = len(text) if end is None else min(len(text), end - at)
        if low < high:
            found.append(Segment(text[low:high], style))
        at += len(text)
        if end is not None and at >= end:
            break
    return found
