"""The table of flags in the guide about bake files, generated from the table in the code."""

from __future__ import annotations

import re

from openhqm_tui.cli.buildx_flags import FLAGS
from openhqm_tui.report.formats.markdown import table

_PLACE = re.compile(r"(<!-- begin generated: flags -->\n).*?(<!-- end generated -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return the guide with its table regenerated."""
    return _PLACE.sub(lambda found: "\n".join([found[1], *rows(), "", found[2]]), page)


def rows() -> list[str]:
    """Return a row for each flag: which commands have it, and what it is here."""
    cells = [
        (
            ", ".join(f"`{name}`" for name in flag.names),
            *("yes" if command in flag.of.split(", ") else "no" for command in ("bake", "build")),
            flag.cell,
        )
        for flag in FLAGS
    ]
    return table(("flag", "bake", "build", "`openhqm-tui build`"), cells)
