"""One expression looked for in many logs at once, and the list of what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.tui.log.search import Clock, LineFinder, LineMatcher

# A slice is shared out, so that the first hits of every log are seen soon.
_SHARE_SECONDS = 0.002


class Source(NamedTuple):
    """A log that is searched: the lane it is of, or, without a platform, the target itself."""

    target: str
    platform: str
    log: LogLines
    step_name: Callable[[int], str]

    @property
    def title(self) -> str:
        """The log's name for people."""
        return f"{self.target} {self.platform or 'own log'}"


class Place(NamedTuple):
    """A row of the list: a hit of a source by its number; -1 is the source's heading."""

    source: int
    hit: int


class LanesSearch:
    """Searches all sources in slices and lists the hits, source after source."""

    def __init__(self, sources: list[Source], clock: Clock) -> None:
        self.sources = sources
        self.pattern: re.Pattern[str] | None = None
        self._clock = clock
        self._finders: list[LineFinder] = []
        self._matchers: list[LineMatcher] = []

    @property
    def done(self) -> bool:
        """Tell whether all that is there has been searched."""
        return all(
            finder.done(len(source.log))
            for finder, source in zip(self._finders, self.sources, strict=False)
        )

    @property
    def counts(self) -> list[int]:
        """How many lines were found in each source."""
        return [len(finder) for finder in self._finders]

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Look for another expression; None: for nothing."""
        self.pattern = pattern
        self._finders, self._matchers = [], []
        if pattern is not None:
            for source in self.sources:
                matcher = LineMatcher(source.log, pattern, self._clock)
                self._matchers.append(matcher)
                self._finders.append(LineFinder(matcher))

    def renew(self, sources: list[Source]) -> bool:
        """Take the logs as they are now; tell whether one began anew, which is searched anew."""
        before, self.sources = self.sources, sources
        if [source.title for source in before] != [source.title for source in sources]:
            self.search(self.pattern)
            return True
        anew = [number for number, old in enumerate(before) if old.log is not sources[number].log]
        if self.pattern is not None:
            for number in anew:
                matcher = LineMatcher(sources[number].log, self.pattern, self._clock)
                self._matchers[number] = matcher
                self._finders[number] = LineFinder(matcher)
        return bool(anew)

    def look(self, seconds: float) -> bool:
        """Search for that long; tell whether there is more to search."""
        end = self._clock() + seconds
        while not self.done and self._clock() < end:
            for finder, source in zip(self._finders, self.sources, strict=False):
                if not finder.done(len(source.log)):
                    finder.look(len(source.log), self._clock() + _SHARE_SECONDS, self._clock)
                if self._clock() >= end:
                    break
        return not self.done

    # The list.

    def __len__(self) -> int:
        return sum(1 + found for found in self.counts if found)

    def place(self, row: int) -> Place:
        """Return what stands on a row; the list must have it."""
        for number, found in enumerate(self.counts):
            if found and row <= found:
                return Place(number, row - 1)
            row -= 1 + found if found else 0
        raise IndexError(row)

    def row(self, place: Place) -> int:
        """Return the row on which something stands."""
        counts = self.counts
        before = sum(1 + found for found in counts[: place.source] if found)
        return before + 1 + min(place.hit, counts[place.source] - 1)

    def headings(self) -> Iterator[int]:
        """Yield the rows that are headings."""
        row = 0
        for found in self.counts:
            if found:
                yield row
                row += 1 + found

    def line(self, place: Place) -> int:
        """Return the line of a hit, a heading's being its first hit's.

        A log that began anew may have fewer hits than when the place was taken.
        """
        last = self.counts[place.source] - 1
        return self._finders[place.source].hit(max(0, min(place.hit, last)))

    def spans(self, source: int, line: int) -> list[tuple[int, int]]:
        """Return where a line of a source matches."""
        return self._matchers[source].spans(line)
