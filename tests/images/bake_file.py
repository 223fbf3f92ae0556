"""The variants in assets/docker-bake.hcl, from the checks file; `make constraints` runs it."""

from __future__ import annotations

import re
from pathlib import Path

from openhqm_tui.store.checks_files import our_variants

BAKE_FILE = Path(__file__).parents[2] / "assets/docker-bake.hcl"


def filled(text: str) -> str:
    """Return the text of the bake file with the current variants."""
    names = ", ".join(f'"{variant.name}"' for variant in our_variants())
    return re.sub(r"variant = \[.*\]", f"variant = [{names}]", text)


if __name__ == "__main__":
    BAKE_FILE.write_text(filled(BAKE_FILE.read_text(encoding="utf-8")), encoding="utf-8")
