"""What a reader is looking for in one log, and which of it comes next."""

from __future__ import annotations

import re
from collections.abc import Callable

from openhqm_tui.tui.log.search import Clock, LineFinder, LineMatcher, error_teller
from openhqm_tui.tui.log.view import ALL, LogView

_NEAREST = 2


class Hunt:
    """An expression or the errors, looked for in what a view lets through.

    `look` searches a slice and goes where it was last asked to go, as soon as that is known.
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
        holds: Callable[[int], bool] = self.matcher or error_teller(lines)
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
        """Tell whether it is errors that are looked for."""
        return self.matcher is None

    @property
    def name(self) -> str:
        """What is looked for, in a word."""
        return f"/{self.matcher.pattern.pattern}" if self.matcher is not None else "✗ errors"

    @property
    def counted(self) -> str:
        """Which hit one stands on, and how many there are so far: `3/17`."""
        total = len(self.finder)
        more = "" if self.finder.done(len(self._view.lines)) else "…"
        if not total:
            none = "no errors" if self.is_for_errors else "no match"
            return "searching…" if more else none
        here = None if self._view.following else self._view.here
        rank = self.finder.rank(here) if here is not None else 0
        on_it = rank > 0 and self.finder.hit(rank - 1) == here
        return f"{rank if on_it else '–'}/{total}{more}"

    def want(self, direction: int) -> None:
        """Go to the next hit, or, with -1, to the one before, once it is known."""
        self._wanted, self.notice = direction, ""

    def want_nearest(self) -> None:
        """Go to the hit that is nearest to where it began."""
        self._wanted, self.notice = _NEAREST, ""

    def look(self, seconds: float) -> bool:
        """Search for that long, then go where it was wanted; tell whether there is more to do."""
        length = len(self._view.lines)
        more = self.finder.look(length, self._clock() + seconds, self._clock)
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
                self.notice = f"again from the {way}"
            self._view.go(step.line)
        self._wanted = 0
