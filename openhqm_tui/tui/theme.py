"""The console's own dark and light colours; Textual's other themes work as well."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="openhqm-dark",
    primary="#62b0e8",
    secondary="#3d6f96",
    accent="#e6b450",
    success="#6cc789",
    warning="#e6b450",
    error="#f0717a",
    foreground="#d5dae0",
    background="#12161c",
    surface="#171c24",
    panel="#212834",
    dark=True,
    variables={
        "block-cursor-background": "#2c4a66",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#212834",
        "footer-key-foreground": "#62b0e8",
        "footer-background": "#171c24",
        "border": "#3d6f96",
        "border-blurred": "#2a323e",
        "scrollbar": "#334050",
        "scrollbar-hover": "#44566b",
        "scrollbar-active": "#62b0e8",
        "scrollbar-background": "#171c24",
        "scrollbar-background-hover": "#171c24",
        "scrollbar-background-active": "#171c24",
    },
)

LIGHT = Theme(
    name="openhqm-light",
    primary="#1d6fae",
    secondary="#7fa9c9",
    accent="#96620a",
    success="#1f7a41",
    warning="#8f5d00",
    error="#b3202c",
    foreground="#1f2630",
    background="#f3f5f7",
    surface="#ffffff",
    panel="#e2e7ec",
    dark=False,
    variables={
        "block-cursor-background": "#cfe2f2",
        "block-cursor-foreground": "#0e1318",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e2e7ec",
        "footer-key-foreground": "#1d6fae",
        "footer-background": "#e9edf1",
        "border": "#7fa9c9",
        "border-blurred": "#ccd4dc",
        "scrollbar": "#bcc7d1",
        "scrollbar-hover": "#9fb0bf",
        "scrollbar-active": "#1d6fae",
        "scrollbar-background": "#e9edf1",
        "scrollbar-background-hover": "#e9edf1",
        "scrollbar-background-active": "#e9edf1",
    },
)

THEMES = (DARK, LIGHT)
