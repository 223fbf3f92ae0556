"""What a waterfall shows: rows with a bar each, over one stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from textual.content import Content

from openhqm_tui.domain.timeline import Span
from openhqm_tui.tui.marks import Mark


class Row(NamedTuple):
    """One row, as it stands now.

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

    def row(self, index: int) -> Row:
        """Return a row."""

    @property
    def what(self) -> str:
        """What its rows are."""

    @property
    def widest(self) -> int:
        """How many cells a name may take; more are of no use."""

    def head(self, width: int) -> Content:
        """Return what is to be said of the whole, in a line."""

    def facts(self) -> tuple[str, ...]:
        """Return what it adds up to, in fewer and fewer words."""

    def detail(self, index: int) -> Content:
        """Return all that is known of a row."""

    def first(self) -> int:
        """Return the row to look at first."""
