"""Search in one log: in slices, outward from the current line, including new lines."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import islice
from math import factorial
from typing import NamedTuple

from textual.cache import LRUCache

from openhqm_tui.domain.patterns import steepness
from openhqm_tui.domain.run.log import LogLines, looks_like_error
from openhqm_tui.tui.log.text import shown_text
from openhqm_tui.tui.log.view import ALL, LogView

Clock = Callable[[], float]

# Characters of a line to search at first; more while that stays fast.
_FIRST_STEPS = 200_000
_SHORTEST_REACH, _LAST_REACH = 24, 16 * 1024
_QUICK = 0.001
_MOST_SPANS = 200
_KEPT = 512


class LineMatcher:
    """Matches lines in bounded time, almost regardless of the expression.

    The cost of a slow expression is polynomial in a line's length: of long lines, only as much is
    searched as was fast before. `clock` returns seconds.
    """

    def __init__(self, lines: LogLines, pattern: re.Pattern[str], clock: Clock) -> None:
        self.pattern = pattern
        self._lines = lines
        self._clock = clock
        power = steepness(pattern.pattern)
        # Lines up to this length are searched in full from the start.
        longest = int((_FIRST_STEPS * factorial(power)) ** (1 / power))
        self._reach = min(_LAST_REACH, max(_SHORTEST_REACH, longest))
        self._short = self._reach
        self._spans: LRUCache[int, list[tuple[int, int]]] = LRUCache(_KEPT)

    def __call__(self, index: int) -> bool:
        """Return whether a line matches."""
        text = shown_text(self._lines.text(index))
        if len(text) <= self._short:
            return self.pattern.search(text) is not None
        while True:
            began = self._clock()
            found = self.pattern.search(text, 0, self._reach)
            took = self._clock() - began
            if len(text) <= self._reach or self._reach >= _LAST_REACH:
                break
            # A match that ends where the search stopped may only be due to `$`.
            if (found is not None and found.end() < self._reach) or took > _QUICK:
                break
            self._reach = min(_LAST_REACH, 2 * self._reach)
        if took > 8 * _QUICK:
            self._reach = max(_SHORTEST_REACH, self._reach // 2)
        return found is not None

    def spans(self, index: int) -> list[tuple[int, int]]:
        """Return the matches in a line."""
        known = self._spans.get(index)
        if known is None:
            text = shown_text(self._lines.text(index))
            found = islice(self.pattern.finditer(text, 0, self._reach), _MOST_SPANS)
            known = [match.span() for match in found if match.end() > match.start()]
            self._spans[index] = known
        return known


def error_matcher(lines: LogLines) -> Callable[[int], bool]:
    """Return a predicate for log lines that look like errors."""

    def is_error(index: int) -> bool:
        return looks_like_error(shown_text(lines.text(index)), lines.stream(index))

    return is_error


class Step(NamedTuple):
    """The line to go to; None if there is none; not `known` until enough is searched.

    `wrapped` is true if the search wrapped around the end of the log.
    """

    known: bool
    line: int | None = None
    wrapped: bool = False


_NOT_YET = Step(False)


class LineFinder:
    """Finds the lines of one log for which `holds` is true, from `origin` down, then up."""

    def __init__(self, holds: Callable[[int], bool], origin: int = 0) -> None:
        self._holds = holds
        self._low = self._high = origin
        self._below = array("q")
        # Found in descending order: stored negated, so that they are sorted.
        self._above = array("q")

    def __len__(self) -> int:
        return len(self._above) + len(self._below)

    def hit(self, number: int) -> int:
        """Return the line of a hit, numbered from the start of the log."""
        above = len(self._above)
        return -self._above[above - 1 - number] if number < above else self._below[number - above]

    def rank(self, index: int) -> int:
        """Return the number of hits up to and including a line."""
        above = len(self._above) - bisect_left(self._above, -index)
        return above + bisect_right(self._below, index)

    def done(self, length: int) -> bool:
        """Return whether all of a log of that length has been searched."""
        return self._low == 0 and self._high >= length

    def search(self, length: int, until: float, clock: Clock) -> bool:
        """Continue searching until the clock reaches `until`; return whether more is left."""
        for index in self._unsearched(length):
            if self._holds(index):
                if index >= self._high:
                    self._below.append(index)
                else:
                    self._above.append(-index)
            if index >= self._high:
                self._high = index + 1
            else:
                self._low = index
            if clock() >= until:
                break
        return not self.done(length)

    def _unsearched(self, length: int) -> Iterator[int]:
        yield from range(self._high, length)
        yield from range(self._low - 1, -1, -1)

    def step(self, index: int, direction: int, length: int) -> Step:
        """Return the next hit after a line; with `direction` -1, the previous one."""
        if direction > 0:
            if self._low > index + 1:
                return _NOT_YET
            number = self.rank(index)
            beyond, all_there = number < len(self), self._high >= length
            around, wrapped_to = self._low == 0, 0
        else:
            if self._high < index:
                return _NOT_YET
            number = self.rank(index - 1) - 1
            beyond, all_there = number >= 0, self._low == 0
            around, wrapped_to = self._high >= length, len(self) - 1
        if beyond:
            return Step(True, self.hit(number))
        if not (all_there and around):
            return _NOT_YET
        return Step(True, self.hit(wrapped_to), wrapped=True) if len(self) else Step(True)

    def nearest(self, index: int, length: int) -> Step:
        """Return the first hit at or after a line, else the last before it."""
        after = self.step(index - 1, 1, length)
        if after.line is not None and not after.wrapped:
            return after
        if self._high < length:
            return _NOT_YET
        before = self.step(index, -1, length)
        return before if before.known else _NOT_YET


_NEAREST = 2


class SearchCursor:
    """A search for an expression or errors in the lines that a view shows.

    `advance` searches a slice, and goes to the requested hit once it is known.
    """

    def __init__(
        self,
        view: LogView,
        clock: Clock,
        pattern: re.Pattern[str] | None = None,
        *,
        origin: int | None = None,
    ) -> None:
        self._view = view
        self._clock = clock
        lines = view.lines
        self.matcher = LineMatcher(lines, pattern, clock) if pattern is not None else None
        holds: Callable[[int], bool] = self.matcher or error_matcher(lines)
        start = origin if origin is not None else (view.here or 0)
        self._origin = start
        if view.only != ALL:
            wanted = holds

            def holds(index: int) -> bool:
                return view.lets_through(index) and wanted(index)

        self.finder = LineFinder(holds, min(start, len(lines)))
        self._wanted = 0
        self.notice = ""

    @property
    def is_for_errors(self) -> bool:
        """Return whether the search is for errors."""
        return self.matcher is None

    @property
    def name(self) -> str:
        """The display name of the search."""
        return f"/{self.matcher.pattern.pattern}" if self.matcher is not None else "✗ errors"

    @property
    def counted(self) -> str:
        """The current hit and the number found so far: `3/17`."""
        total = len(self.finder)
        more = "" if self.finder.done(len(self._view.lines)) else "…"
        if not total:
            none = "no errors" if self.is_for_errors else "no matches"
            return "searching…" if more else none
        here = None if self._view.following else self._view.here
        rank = self.finder.rank(here) if here is not None else 0
        on_it = rank > 0 and self.finder.hit(rank - 1) == here
        return f"{rank if on_it else '–'}/{total}{more}"

    def want(self, direction: int) -> None:
        """Request the next or previous hit."""
        self._wanted, self.notice = direction, ""

    def want_nearest(self) -> None:
        """Request the hit nearest to the start of the search."""
        self._wanted, self.notice = _NEAREST, ""

    def advance(self, seconds: float) -> bool:
        """Search for a time, then go to the requested hit; return whether more is left."""
        length = len(self._view.lines)
        more = self.finder.search(length, self._clock() + seconds, self._clock)
        if self._wanted:
            self._go(length)
        return more

    def _go(self, length: int) -> None:
        here = self._view.here or 0
        if self._wanted == _NEAREST:
            step = self.finder.nearest(self._origin, length)
        else:
            step = self.finder.step(here, self._wanted, length)
        if not step.known:
            return
        if step.line is not None:
            if step.wrapped and self._wanted != _NEAREST:
                way = "start" if self._wanted > 0 else "end"
                self.notice = f"wrapped to the {way}"
            self._view.go(step.line)
        self._wanted = 0
