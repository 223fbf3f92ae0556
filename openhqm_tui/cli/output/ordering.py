"""The events and log lines an output hasn't printed yet, in a deterministic order."""

from __future__ import annotations

from collections.abc import Iterator

from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import AnyEvent
from openhqm_tui.domain.run.log import NO_STEP, LogLines
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.run.follow.follower import Changes, Follower


def logs_of(target: TargetState) -> Iterator[tuple[str, LogLines]]:
    """Yield a target's logs: its own with platform '', then those of its lanes."""
    yield "", target.log
    for platform, lane in target.lanes.items():
        yield str(platform), lane.log


class EventOrderer:
    """Yields new events and log lines, each exactly once.

    Whoever watches sees a build's lines before it ends; whoever comes later finds its end in the
    journal before its lines are read. So what the journal tells of a target after its build
    waits until all that the build said has been given, and the run's end for that of every one.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._held: dict[str, list[AnyEvent]] = {}
        self._given: dict[tuple[str, str, int], int] = {}
        for target in follower.state.targets.values():
            for platform, log in logs_of(target):
                self._given[target.name, platform, target.attempt] = len(log)

    def events(self, changes: Changes) -> list[AnyEvent]:
        """Return the events that are due after a poll."""
        due: list[AnyEvent] = []
        for event in changes.events:
            name = getattr(event, "target", "")
            if name in self._held or self._is_early(event, name):
                self._held.setdefault(name, []).append(event)
            else:
                due.append(event)
        for name in [name for name in self._held if name not in {"", *self._follower.targets}]:
            due += self._held.pop(name)
        if set(self._held) == {""}:
            due += self._held.pop("")
        return due

    def lines(self, target: TargetState) -> Iterator[tuple[str, LogLines, int]]:
        """Yield the new lines of a target as platform, log and line index."""
        for platform, log in logs_of(target):
            key = (target.name, platform, target.attempt)
            first, self._given[key] = self._given.get(key, 0), len(log)
            for index in range(first, len(log)):
                # Warnings and Buildx's own output come with the summary.
                if log.step(index) != NO_STEP:
                    yield platform, log, index

    def _is_early(self, event: AnyEvent, name: str) -> bool:
        if isinstance(event, journal.TargetEnded):
            return name in self._follower.targets
        return isinstance(event, journal.RunEnded) and bool(self._held)
