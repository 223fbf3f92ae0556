"""Two runs compared in a thread: all that is remembered of them is read for it."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget

from openhqm_tui.domain.comparison import Comparison, compare
from openhqm_tui.domain.problems import Problem
from openhqm_tui.tui.services import Services


class Compared(Message):
    """What two runs differ in, or why that can't be told."""

    def __init__(self, told: Comparison | str) -> None:
        super().__init__()
        self.told = told


class Comparing:
    """Compares runs for `screen`, which gets the answer as a message."""

    def __init__(self, screen: Widget, services: Services) -> None:
        self._screen, self._services = screen, services

    def compare(self, one: str, other: str) -> None:
        """Compare two runs, the earlier first; `Compared` follows."""

        def work() -> None:
            told: Comparison | str
            try:
                told = compare(self._services.whole_run(one), self._services.whole_run(other))
            except Problem as problem:
                told = str(problem)
            self._screen.post_message(Compared(told))

        self._screen.run_worker(work, thread=True, exclusive=True, group="compare")
