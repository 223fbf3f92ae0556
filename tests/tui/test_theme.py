"""Legible colors: a WCAG 2.2 contrast of 4.5, or 7 in the high-contrast theme."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from openhqm_tui.tui.core.theme import CONTRAST, DARK, LIGHT, THEMES, theme_after

INKS = ("foreground", "text-muted", "foreground-muted", "primary", "accent")
TEXTS = ("text-success", "text-warning", "text-error")
GROUNDS = ("background", "surface", "panel")


def contrast(ink: Color, ground: Color) -> float:
    """Return the contrast ratio of two colors, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def inks(theme: Theme, names: tuple[str, ...]) -> list[tuple[str, str, float]]:
    """Return each ink on each ground with its contrast, as the screens resolve them."""
    colors = theme.to_color_system().generate()
    found = []
    for name in names:
        for ground in GROUNDS:
            below = Color.parse(colors[ground])
            text = colors[name]
            ink = below.get_contrast_text(1) if text.startswith("auto") else Color.parse(text)
            found.append((name, ground, contrast(below.blend(ink, ink.a, alpha=1.0), below)))
    return found


@pytest.mark.parametrize(
    ("theme", "least"),
    [(DARK, 4.5), (LIGHT, 4.5), (CONTRAST, 7.0)],
    ids=["dark", "light", "contrast"],
)
def test_text_is_legible_on_every_background(theme, least):
    too_faint = [one for one in inks(theme, INKS + TEXTS) if one[2] < least]
    assert too_faint == []


@pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST], ids=lambda theme: theme.name)
@pytest.mark.parametrize("kind", ["", "-blurred"])
def test_text_under_the_cursor_is_legible(theme, kind):
    colors = theme.to_color_system().generate()
    ink = Color.parse(colors[f"block-cursor{kind}-foreground"])
    ground = Color.parse(colors[f"block-cursor{kind}-background"])
    assert contrast(ground.blend(ink, ink.a, alpha=1.0), ground) >= 4.5


def test_themes_are_cycled_starting_with_ours():
    assert [theme_after(theme.name) for theme in THEMES] == [
        *(theme.name for theme in THEMES[1:]),
        THEMES[0].name,
    ]
    assert theme_after("nord") == THEMES[0].name
