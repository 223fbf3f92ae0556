"""`make guides`: the pages that are measured, of a real run of all images (some minutes).

`python -m tests.guides variants` only fills the tables of the variants and of the settings anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.guides.places import GUIDES
from tests.guides.results import measured, results_page
from tests.guides.settings import filled as filled_settings
from tests.guides.variants import filled


def main(words: list[str]) -> int:
    """Write the pages anew; with `variants`, without a run."""
    if words not in ([], ["variants"]):
        sys.stderr.write(f"what is {words[0]!r} for? there is: variants\n")
        return 2
    results, variants = GUIDES / "results.md", GUIDES / "variants.md"
    if not words:
        with tempfile.TemporaryDirectory(prefix="openhqm-tui-guides-") as folder:
            results.write_text(results_page(*measured(Path(folder))), encoding="utf-8")
    page = variants.read_text(encoding="utf-8")
    variants.write_text(filled(page, results.read_text(encoding="utf-8")), encoding="utf-8")
    settings = GUIDES / "settings.md"
    settings.write_text(filled_settings(settings.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
