"""The table in the settings guide, generated from the table of keys in the code."""

from __future__ import annotations

import re

from openhqm_tui.report.formats.markdown import table
from openhqm_tui.store.settings import KEYS

_PLACE = re.compile(r"(<!-- begin generated: keys -->\n).*?(<!-- end generated -->)", re.S)


def filled(page: str) -> str:
    """Return the guide with its table regenerated."""
    return _PLACE.sub(lambda found: "\n".join([found[1], *keys(), "", found[2]]), page)


def keys() -> list[str]:
    """Return a row for each key: where it can be set, and to what."""
    rows = [
        (
            f"`{key.name}`",
            f"`{key.flag}`" if key.flag else "–",
            f"`{key.variable}`" if key.variable else "–",
            "yes",
            key.project,
        )
        for key in KEYS.values()
    ]
    head = ("key", "flag", "environment", "user's `settings.toml`", "project's `openhqm-tui.toml`")
    return table(head, rows)
