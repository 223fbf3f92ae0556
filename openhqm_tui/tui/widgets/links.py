"""Text with clickable words."""

from __future__ import annotations

from textual.widgets import Static


class LinkedText(Static):
    """Text whose links look like the other things that can be clicked."""

    DEFAULT_CSS = """
    LinkedText {
        link-style: none;
        link-color: $foreground;
        link-background: $panel;
        link-style-hover: bold;
        link-color-hover: $foreground;
        link-background-hover: $block-hover-background;
    }
    """
