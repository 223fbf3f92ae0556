"""The table in the guide `performance.md`, written from the last bench."""

from __future__ import annotations

from pathlib import Path

from tests.bench.rows import kept, missed, table

GUIDE = Path(__file__).parents[2] / "assets" / "guides" / "performance.md"
_BEGIN, _END = "<!-- bench -->", "<!-- /bench -->"


def write_guide(place: Path, guide: Path = GUIDE) -> None:
    """Write the saved figures of a bench between the two marks of the guide."""
    machine, rows = kept(place)
    figures = f"{machine}\n\n{table(rows)}\n{missed(rows)}"
    text = guide.read_text(encoding="utf-8")
    guide.write_text(filled(text, figures), encoding="utf-8")


def filled(text: str, figures: str) -> str:
    """Replace the text between the two marks; raises ValueError without them."""
    before, _, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"the guide has no {_BEGIN} … {_END}")
    return f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}"
