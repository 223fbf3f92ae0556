"""The styled text of a log's rows: colors from escape sequences, legible ones; marks, times.

Only SGR (select graphic rendition, ECMA-48 8.3.117) has an effect, and of it only colors,
bold, dim, italic, underline, strike and reverse: concealed text is shown, blinking text doesn't
blink, links and titles and cursor moves are dropped with their whole sequence.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache

from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from openhqm_tui.domain.formatting import clock_text
from openhqm_tui.domain.text import plain

_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)m")
_ON = {
    1: Style(bold=True),
    2: Style(dim=True),
    3: Style(italic=True),
    4: Style(underline=True),
    7: Style(reverse=True),
    9: Style(strike=True),
}
_OFF = {
    22: Style(bold=False, dim=False),
    23: Style(italic=False),
    24: Style(underline=False),
    27: Style(reverse=False),
    29: Style(strike=False),
}
_TAB = 8


def segments(raw: str, base: Style) -> list[Segment]:
    """Return a raw log line as segments that are safe to write to a terminal."""
    if "\x1b" not in raw and "\x9b" not in raw:
        return [Segment(plain(raw), base)]
    found: list[Segment] = []
    style, column, start = base, 0, 0
    for match in _SGR.finditer(raw):
        column = _add(found, raw[start : match.start()], style, column)
        style = _apply(match[1], style, base)
        start = match.end()
    _add(found, raw[start:], style, column)
    return found


def shown_text(raw: str) -> str:
    """Return the visible text of a raw log line, without colors."""
    if "\x1b" not in raw and "\x9b" not in raw:
        return plain(raw)
    return "".join(segment.text for segment in segments(raw, Style.null()))


def _add(found: list[Segment], piece: str, style: Style, column: int) -> int:
    # Tab stops count from the start of the line, not of the piece.
    pad = column % _TAB
    text = plain(" " * pad + piece)[pad:] if piece else ""
    if text:
        found.append(Segment(text, style))
    return column + len(text)


def _apply(parameters: str, style: Style, base: Style) -> Style:
    codes = iter(_numbers(parameters))
    for code in codes:
        if code == 0:
            style = base
        elif code in _ON:
            style += _ON[code]
        elif code in {39, 49}:
            if code == 39:
                style += Style(color=base.color or "default")
            else:
                style += Style(bgcolor=base.bgcolor or "default")
        elif code in _OFF:
            style += _OFF[code]
        elif code in {38, 48}:
            color = _extended(codes)
            if color is not None:
                style += Style(color=color) if code == 38 else Style(bgcolor=color)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style += Style(color=Color.from_ansi(code - 30 if code < 90 else code - 82))
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style += Style(bgcolor=Color.from_ansi(code - 40 if code < 100 else code - 92))
    return style


def _numbers(parameters: str) -> Iterator[int]:
    for word in re.split("[;:]", parameters)[:32]:
        # Huge numbers aren't SGR codes, and int() would be slow.
        yield int(word) if word and len(word) < 4 else 0 if not word else -1


def _extended(codes: Iterator[int]) -> Color | None:
    kind = next(codes, -1)
    if kind == 5:
        number = next(codes, -1)
        return Color.from_ansi(number) if 0 <= number <= 255 else None
    if kind == 2:
        red, green, blue = (next(codes, -1) for _ in range(3))
        if all(0 <= part <= 255 for part in (red, green, blue)):
            return Color.from_rgb(red, green, blue)
    return None


# The WCAG minimum for text.
_LEAST_CONTRAST = 4.5
_BLACK, _WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
_STEPS = 8


def legible(segments: list[Segment], theme: TerminalTheme) -> list[Segment]:
    """Return the text with colors adjusted for contrast with their background."""
    return [
        Segment(text, _legible_style(style, theme) if style is not None else None)
        for text, style, _ in segments
    ]


@lru_cache(512)
def _legible_style(style: Style, theme: TerminalTheme) -> Style:
    ink, paper = style.color, style.bgcolor
    # The terminal's own colors are unknown here.
    if ink is None or paper is None or paper.is_default or ink.is_default:
        return style
    behind = paper.get_truecolor(theme)
    before = ink.get_truecolor(theme)
    color = before
    far = max((_BLACK, _WHITE), key=lambda end: contrast(end, behind))
    for step in range(1, _STEPS + 1):
        if contrast(color, behind) >= _LEAST_CONTRAST:
            break
        color = blend_rgb(before, far, step / _STEPS)
    return style if color == before else style + Style(color=Color.from_triplet(color))


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast of two colors as WCAG 2 defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


Span = tuple[int, int, Style]

STAMP_WIDTH = 9


class Stamps(StrEnum):
    """The kind of timestamps."""

    NONE = "no timestamps"
    SINCE = "since the start"
    CLOCK = "time of day"

    @property
    def next(self) -> Stamps:
        """The next kind when switching."""
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
    """Return the segments with styles applied to ranges, later ones on top."""
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
    """Return the segments of characters `start` to `end`; None: to the last."""
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
