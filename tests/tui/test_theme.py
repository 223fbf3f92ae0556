"""Colours that can be read: contrast as in WCAG 2.2, 4.5 to 1 for ours, 7 to 1 for the high one."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from openhqm_tui.tui.core.theme import CONTRAST, DARK, LIGHT, THEMES, theme_after

INKS = ("foreground", "text-muted", "foreground-muted", "primary", "accent")
TEXTS = ("text-success", "text-warning", "text-error")
GROUNDS = ("background", "surface", "panel")


def contrast(ink: Color, ground: Color) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def inks(theme: Theme, names: tuple[str, ...]) -> list[tuple[str, str, float]]:
    """Return each ink on each ground with its contrast, as the screens resolve them."""
    told = theme.to_color_system().generate()
    found = []
    for name in names:
        for ground in GROUNDS:
            below = Color.parse(told[ground])
            text = told[name]
            ink = below.get_contrast_text(1) if text.startswith("auto") else Color.parse(text)
            found.append((name, ground, contrast(below.blend(ink, ink.a, alpha=1.0), below)))
    return found


@pytest.mark.parametrize(
    ("theme", "least"),
    [(DARK, 4.5), (LIGHT, 4.5), (CONTRAST, 7.0)],
    ids=["dark", "light", "contrast"],
)
def test_text_can_be_read_on_every_ground(theme, least):
    too_faint = [one for one in inks(theme, INKS + TEXTS) if one[2] < least]
    assert too_faint == []


@pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST], ids=lambda theme: theme.name)
@pytest.mark.parametrize("kind", ["", "-blurred"])
def test_what_the_cursor_is_on_can_be_read(theme, kind):
    told = theme.to_color_system().generate()
    ink = Color.parse(told[f"block-cursor{kind}-foreground"])
    ground = Color.parse(told[f"block-cursor{kind}-background"])
    assert contrast(ground.blend(ink, ink.a, alpha=1.0), ground) >= 4.5


def test_going_on_comes_round_and_begins_with_ours():
    assert [theme_after(theme.name) for theme in THEMES] == [
        *(theme.name for theme in THEMES[1:]),
        THEMES[0].name,
    ]
    assert theme_after("nord") == THEMES[0].name
