"""The report formats by their command-line names."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhqm_tui.report.model import Report

# Module, function and the suffix of a file; a format's module is loaded when it is asked for.
_WRITERS = {
    "md": ("markdown", "as_markdown", "md"),
    "html": ("html", "as_html", "html"),
    "junit": ("junit", "as_junit", "xml"),
    "json": ("json", "as_json", "json"),
    "github": ("github", "as_summary", "md"),
}
SUFFIXES = {form: suffix for form, (_, _, suffix) in _WRITERS.items()}


def rendered(report: Report, form: str) -> str:
    """Return a report in the format of that name."""
    module, name, _ = _WRITERS[form]
    writer: Callable[[Report], str] = getattr(
        importlib.import_module(f"openhqm_tui.report.formats.{module}"), name
    )
    return writer(report)
