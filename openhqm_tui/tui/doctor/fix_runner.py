"""Fixes under way: what is to be run, how far it is, what it says, and how it is stopped."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable
from threading import Event
from typing import TYPE_CHECKING

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.formatting import clock_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.doctor.apply import Rights

if TYPE_CHECKING:
    from openhqm_tui.tui.core.backend import Backend

Step = tuple[Finding, Fix]


class FixRunner:
    """Fixes that a thread runs one after the other, by `run`; the first failure ends it.

    `said` has the lines so far, each with 0 for our own words and 1 for a script's, to be taken
    from the left. Times in seconds since the epoch.
    """

    def __init__(self, steps: Iterable[Step], now: float) -> None:
        self.steps = tuple(steps)
        self.started = now
        self.done: list[Step] = []
        self.said: deque[tuple[str, int]] = deque()
        self._stop = Event()

    @property
    def stopping(self) -> bool:
        """Return whether somebody wants it stopped."""
        return self._stop.is_set()

    @property
    def current(self) -> Step:
        """The step that is run now, or was the last to be run."""
        return self.steps[min(len(self.done), len(self.steps) - 1)]

    @property
    def worked(self) -> bool:
        """Return whether all of it was done."""
        return len(self.done) == len(self.steps)

    def stop(self) -> None:
        """Stop the running script, and start no other."""
        self._stop.set()

    def run(self, backend: Backend) -> None:
        """Run all steps, until one fails or it is stopped; blocks."""
        for number, step in enumerate(self.steps, 1):
            if self.stopping:
                return
            place = f"{number}/{len(self.steps)} " if len(self.steps) > 1 else ""
            self.said.append((f"▸ {place}{one_line(step[1].title)}", 0))
            try:
                worked = backend.apply_fix(step[1], self._output, self._stop)
            except OSError as error:
                self._output(str(error))
                worked = False
            if not worked:
                return
            self.said.append(("  done", 0))
            self.done.append(step)

    def progress(self, now: float) -> str:
        """Return which fix runs, of how many, since when."""
        total = len(self.steps)
        many = f" {min(len(self.done) + 1, total)} of {total}" if total > 1 else ""
        doing = "stopping" if self.stopping else "fixing"
        title = one_line(self.current[1].title)
        return f"{doing}{many} · {clock_text(max(0.0, now - self.started))} · {title}"

    def last_word(self) -> str:
        """Return how it ended; '' where the last step's own word is enough."""
        if self.worked:
            return "" if len(self.steps) == 1 else f"  all {len(self.steps)} fixes done"
        how = "stopped" if self.stopping else "the fix failed"
        if len(self.steps) == 1:
            return f"✗ {how}"
        left = len(self.steps) - len(self.done) - 1
        after = f", {left} not started" if left else ""
        return f"✗ {how} ({len(self.done)} of {len(self.steps)} done{after})"

    def _output(self, line: str) -> None:
        self.said.append((line, 1))


def fixable(finding: Finding) -> bool:
    """Return whether there is anything to run for a finding."""
    return bool(finding.fixes) and finding.health is not Health.OK


def lacks_root(fixes: Iterable[Fix], rights: Rights) -> str:
    """Return why these can't be run from here, and what can be done; '' if they can."""
    if rights in {Rights.ROOT, Rights.SUDO} or not any(fix.as_root for fix in fixes):
        return ""
    if rights is Rights.PASSWORD:
        return (
            "needs root, and sudo asks for a password: run `sudo -v` before starting the console, "
            "or `openhqm-tui doctor --fix`"
        )
    return "needs root, and sudo is not installed: run as root, or ask an administrator (y copies)"


def command_line(fix: Fix, rights: Rights) -> str:
    """Return the line that does the same in any shell, without ending that shell if it fails."""
    sudo = ["sudo"] if fix.as_root and rights is not Rights.ROOT else []
    return shlex.join([*sudo, "sh", "-euc", fix.script.strip()])
