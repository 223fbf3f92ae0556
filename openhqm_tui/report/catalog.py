"""The report formats: each module of `report/formats` defines one as its FORMAT."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

from openhqm_tui.report import formats as package
from openhqm_tui.report.model import Report


class Format(NamedTuple):
    """A format of reports: its name on the command line, and the suffix of its files."""

    name: str
    suffix: str
    help: str
    write: Callable[[Report], str]


@functools.cache
def formats() -> dict[str, Format]:
    """Return all formats by name."""
    found = (
        importlib.import_module(f"{package.__name__}.{module.name}").FORMAT
        for module in pkgutil.iter_modules(package.__path__)
    )
    return {form.name: form for form in found}


def rendered(report: Report, form: str) -> str:
    """Return a report in the format of that name."""
    return formats()[form].write(report)
