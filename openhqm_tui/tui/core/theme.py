"""The console's themes: dark, light, high contrast, terminal; Textual's work too."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from openhqm_tui.domain.errors import UsageProblem, nearest

DARK = Theme(
    name="openhqm-dark",
    primary="#62b0e8",
    secondary="#3d6f96",
    accent="#c3a6f5",
    success="#6cc789",
    warning="#e6b450",
    error="#f0717a",
    foreground="#d5dae0",
    background="#12161c",
    surface="#171c24",
    panel="#212834",
    dark=True,
    variables={
        "critical": "#f08cc8",
        "foreground-muted": "#a8b2bd",
        "block-cursor-background": "#1d2f6a",
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
    primary="#17609a",
    secondary="#7fa9c9",
    accent="#5f2fa8",
    success="#1f7a41",
    warning="#8f5d00",
    error="#b3202c",
    foreground="#1f2630",
    background="#f3f5f7",
    surface="#ffffff",
    panel="#e2e7ec",
    dark=False,
    variables={
        "critical": "#8f0f5f",
        "foreground-muted": "#525d6b",
        "block-cursor-background": "#cfe2f2",
        "block-cursor-foreground": "#0e1318",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e2e7ec",
        "footer-key-foreground": "#17609a",
        "footer-background": "#e9edf1",
        "border": "#7fa9c9",
        "border-blurred": "#ccd4dc",
        "scrollbar": "#bcc7d1",
        "scrollbar-hover": "#9fb0bf",
        "scrollbar-active": "#17609a",
        "scrollbar-background": "#e9edf1",
        "scrollbar-background-hover": "#e9edf1",
        "scrollbar-background-active": "#e9edf1",
    },
)

# All pairs of text and background have a contrast of at least 7:1 (WCAG 2.2, level AAA).
CONTRAST = Theme(
    name="openhqm-contrast",
    primary="#7fd4ff",
    secondary="#7fd4ff",
    accent="#e0b3ff",
    success="#7dff9b",
    warning="#ffd75f",
    error="#ffb3b3",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    dark=True,
    text_alpha=1.0,
    variables={
        "critical": "#ffb3e6",
        "block-cursor-background": "#001f4d",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-background": "#262626",
        # Two backgrounds on which all colors are legible are too similar to mark a row.
        "lit-style": "underline",
        "block-cursor-blurred-foreground": "#ffffff",
        "foreground-muted": "#d0d0d0",
        "text-muted": "#d0d0d0",
        "text-success": "#7dff9b",
        "text-warning": "#ffd75f",
        "text-error": "#ffb3b3",
        "footer-key-foreground": "#ffd75f",
        "footer-background": "#000000",
        "border": "#ffffff",
        "border-blurred": "#b0b0b0",
        "scrollbar": "#b0b0b0",
        "scrollbar-hover": "#ffffff",
        "scrollbar-active": "#ffd75f",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
    },
)

# The terminal's sixteen colors on its own background. No other background is certain to be
# readable with all of them, so the cursor is shown by reversing or underlining.
TERMINAL = Theme(
    name="openhqm-terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "critical": "ansi_bright_magenta",
        "foreground-muted": "ansi_bright_black",
        "text-muted": "ansi_bright_black",
        "text-success": "ansi_green",
        "text-warning": "ansi_yellow",
        "text-error": "ansi_red",
        "border": "ansi_blue",
        "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "lit-style": "reverse",
        "lit-blurred-style": "underline",
        "footer-key-foreground": "ansi_blue",
        "footer-background": "ansi_default",
        "input-cursor-background": "ansi_bright_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_cyan",
        "screen-selection-foreground": "ansi_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_white",
        "scrollbar-active": "ansi_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
    },
)


def defaults_for(theme: Theme) -> dict[str, str]:
    """Return the variables that ours define and Textual's themes lack."""
    return {
        "critical": theme.secondary or theme.primary,
        "lit-style": "not reverse",
        "lit-blurred-style": "not reverse",
    }


THEMES = (DARK, LIGHT, CONTRAST, TERMINAL)
_SHORT = {theme.name.removeprefix("openhqm-"): theme.name for theme in THEMES}


def theme_called(name: str) -> str:
    """Return the full name of a theme: ours (`dark light contrast terminal`) or any of Textual's.

    Raises UsageProblem that names the valid ones.
    """
    if name in _SHORT:
        return _SHORT[name]
    known = [*_SHORT.values(), *BUILTIN_THEMES]
    if name in known:
        return name
    guess = nearest(name, [*_SHORT, *known])
    raise UsageProblem(
        f"unknown theme '{name}' in the settings",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join([*_SHORT, *BUILTIN_THEMES]),
    )


def theme_after(name: str) -> str:
    """Return the next of our themes."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]
