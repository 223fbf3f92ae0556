"""Legible colors: a WCAG 2.2 contrast of 4.5, or 7 in the high-contrast theme."""

from __future__ import annotations

import itertools

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from openhqm_tui.domain.run.status import ColorRole
from openhqm_tui.tui.core.labels import role_style
from openhqm_tui.tui.core.theme import CONTRAST, DARK, LIGHT, TERMINAL, THEMES, theme_after

ROLES = {role: role_style(role).split()[0].removeprefix("$") for role in ColorRole}
TEXTS = ("foreground", "text-muted", "primary", "accent", "critical", *sorted(ROLES.values()))
GROUNDS = ("background", "surface", "panel")
CURSORS = ("block-cursor", "block-cursor-blurred")


def contrast(ink: Color, ground: Color) -> float:
    """Return the contrast ratio of two colors, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def of_256(color: Color) -> Color:
    """Return the color that a terminal with 256 colors shows instead."""
    near = RichColor.from_rgb(*color.rgb).downgrade(ColorSystem.EIGHT_BIT)
    return Color(*near.get_truecolor())


def drawn(theme: Theme, text: str, ground: str) -> tuple[Color, Color]:
    """Return the colors of a text and what is below it, as the screens resolve them."""
    colors = theme.to_color_system().generate() | theme.variables
    below = Color.parse(colors[ground])
    ink = colors[text]
    color = below.get_contrast_text(1) if ink.startswith("auto") else Color.parse(ink)
    return below.blend(color, color.a, alpha=1.0), below


@pytest.mark.parametrize("shown", [lambda color: color, of_256], ids=["truecolor", "256 colors"])
@pytest.mark.parametrize(
    ("theme", "least"),
    [(DARK, 4.5), (LIGHT, 4.5), (CONTRAST, 7.0)],
    ids=["dark", "light", "contrast"],
)
def test_every_status_is_legible_on_every_background(theme, least, shown):
    grounds = (*GROUNDS, *(f"{cursor}-background" for cursor in CURSORS))
    pairs = [(text, ground) for text in TEXTS for ground in grounds]
    pairs += [(f"{cursor}-foreground", f"{cursor}-background") for cursor in CURSORS]
    ratios = {pair: contrast(*map(shown, drawn(theme, *pair))) for pair in pairs}
    assert {pair: round(ratio, 1) for pair, ratio in ratios.items() if ratio < least} == {}


def test_the_cursor_of_the_terminals_colors_keeps_their_contrast():
    # Reversed, a text has the contrast that the terminal's user chose for it.
    assert TERMINAL.variables["lit-style"] == "reverse"
    assert {TERMINAL.variables[f"{cursor}-background"] for cursor in CURSORS} == {"ansi_default"}


@pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST], ids=lambda theme: theme.name)
def test_statuses_have_different_hues(theme):
    names = ("primary", "accent", "critical", "text-success", "text-warning", "text-error")
    hues = {name: drawn(theme, name, "background")[0].hsl.h * 360 for name in names}
    near = {
        (one, other)
        for one, other in itertools.combinations(names, 2)
        if min(abs(hues[one] - hues[other]), 360 - abs(hues[one] - hues[other])) < 25
    }
    assert near == set()
    assert role_style(ColorRole.CHECKING) == "$accent"


def test_themes_are_cycled_starting_with_ours():
    assert [theme_after(theme.name) for theme in THEMES] == [
        *(theme.name for theme in THEMES[1:]),
        THEMES[0].name,
    ]
    assert theme_after("nord") == THEMES[0].name
