"""The paths of the guides and the other documentation."""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parents[2]
GUIDES = TOP / "assets" / "guides"


def pages() -> list[Path]:
    """Return every page whose commands and links are checked."""
    found = [
        TOP / "README.md",
        *GUIDES.glob("*.md"),
        *TOP.glob("*.md"),
        *TOP.glob(".github/**/*.md"),
    ]
    return sorted(set(found))
