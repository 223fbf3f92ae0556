"""What a waterfall shows: rows with a bar each, over one stretch of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from textual.content import Content

from openhqm_tui.domain.buildkit.vertex import StepKind
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import Span
from openhqm_tui.tui.core.labels import Mark


class ChartRow(NamedTuple):
    """One row at this time.

    `place` and `title` are its name, `seconds` how long it took; `notes` are words about it, the
    most telling first. `spans` is when it ran, `checks` when what it made was asked, `could` since
    when it could have run. A `heading` is of a group; `open` says that it goes on, `point` that it
    took no time, `again` that the row above is of the same place.
    """

    mark: Mark
    place: str
    title: str
    seconds: float | None
    notes: tuple[str, ...]
    spans: Sequence[Span]
    ink: str
    heading: bool = False
    critical: bool = False
    open: bool = False
    point: bool = False
    again: bool = False
    could: float | None = None
    checks: Sequence[Span] = ()


class Chart(Protocol):
    """Rows that are drawn only when they are seen."""

    @property
    def span(self) -> Span:
        """When it begins and ends, in seconds since the epoch."""

    @property
    def keys(self) -> Sequence[str]:
        """What each row is known by, also when others come before it."""

    def row(self, index: int) -> ChartRow:
        """Return a row."""

    @property
    def what(self) -> str:
        """What its rows are."""

    @property
    def widest(self) -> int:
        """How many cells a name may take; more are of no use."""

    def head(self, width: int) -> Content:
        """Return the headline."""

    def facts(self) -> tuple[str, ...]:
        """Return what it adds up to, in fewer and fewer words."""

    def detail(self, index: int) -> Content:
        """Return all that is known of a row."""

    def first(self) -> int:
        """Return the row to look at first."""


# How a step is run, which its row has no room for; what it takes from where stays.
_FLAGS = re.compile(r"(?<= )--(?!from=|platform=)[a-z-]+(?:=(?:\"[^\"]*\"|'[^']*'|\S+))?(?= |$)")
_HEAD = re.compile(r"^(?:LINK )?[A-Z]+(?: --\S+)+")


def place_of(step: StepState) -> str:
    """Return stage and number of a step: `core 2/3`; '' where it has neither."""
    name = step.name
    return f"{name.stage} {name.index}/{name.of}".strip() if name.of else name.stage


def title_of(step: StepState) -> str:
    """Return a step's instruction without the flags that say how it is run."""
    title = step.name.title
    head = _HEAD.match(title)
    if head is None:
        return title
    return " ".join((_FLAGS.sub("", head[0]) + title[head.end() :]).split())


def short_name(step: StepState) -> str:
    """Return what a step is called among others: `core 2/3`, `export`."""
    if step.name.kind is StepKind.EXPORT and step.name.title.startswith("exporting"):
        return "export"
    return place_of(step) if step.name.of else step.name.label
