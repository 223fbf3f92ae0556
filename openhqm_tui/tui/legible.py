"""Colours that a build chose for another background, moved until they can be read on ours."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

# What WCAG asks of text.
_LEAST_CONTRAST = 4.5
_BLACK, _WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
_STEPS = 8


def legible(segments: list[Segment], theme: TerminalTheme) -> list[Segment]:
    """Return the same text in colours that stand out from what is behind them."""
    return [
        Segment(text, _legible_style(style, theme) if style is not None else None)
        for text, style, _ in segments
    ]


@lru_cache(512)
def _legible_style(style: Style, theme: TerminalTheme) -> Style:
    ink, paper = style.color, style.bgcolor
    # The terminal's own colours are its owner's choice, and unknown here.
    if ink is None or paper is None or paper.is_default or ink.is_default:
        return style
    behind = paper.get_truecolor(theme)
    before = ink.get_truecolor(theme)
    colour = before
    far = max((_BLACK, _WHITE), key=lambda end: contrast(end, behind))
    for step in range(1, _STEPS + 1):
        if contrast(colour, behind) >= _LEAST_CONTRAST:
            break
        colour = blend_rgb(before, far, step / _STEPS)
    return style if colour == before else style + Style(color=Color.from_triplet(colour))


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
