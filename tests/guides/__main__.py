"""`make guides`: regenerate the measured guides from a real run of all images (a few minutes).

`python -m tests.guides variants` regenerates only the tables of variants, flags and settings.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.guides.flags import filled as filled_flags
from tests.guides.places import GUIDES
from tests.guides.results import measured, results_page
from tests.guides.settings import filled as filled_settings
from tests.guides.variants import filled


def main(arguments: list[str]) -> int:
    """Regenerate the pages; with `variants`, only those that need no run."""
    if arguments not in ([], ["variants"]):
        sys.stderr.write(f"unknown argument {arguments[0]!r}; valid: variants\n")
        return 2
    results, variants = GUIDES / "results.md", GUIDES / "variants.md"
    if not arguments:
        with tempfile.TemporaryDirectory(prefix="openhqm-tui-guides-") as folder:
            results.write_text(results_page(*measured(Path(folder))), encoding="utf-8")
    page = variants.read_text(encoding="utf-8")
    variants.write_text(filled(page, results.read_text(encoding="utf-8")), encoding="utf-8")
    bake = GUIDES / "bake.md"
    bake.write_text(filled_flags(bake.read_text(encoding="utf-8")), encoding="utf-8")
    settings = GUIDES / "settings.md"
    settings.write_text(filled_settings(settings.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
