"""The formats of a report by their names on the command line."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from openhqm_tui.report.model import Report

# A format's module is loaded when it is asked for.
_WRITERS = {
    "md": ("markdown", "as_markdown"),
    "html": ("html", "as_html"),
    "junit": ("junit", "as_junit"),
    "json": ("as_json", "as_json"),
    "github": ("github", "as_summary"),
}
SUFFIXES = {"md": "md", "html": "html", "junit": "xml", "json": "json", "github": "md"}


def rendered(report: Report, form: str) -> str:
    """Return a report in the format of that name."""
    module, name = _WRITERS[form]
    writer: Callable[[Report], str] = getattr(
        importlib.import_module(f"openhqm_tui.report.{module}"), name
    )
    return writer(report)
