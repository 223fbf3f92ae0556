"""The numbers of a run's targets and images by status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status


class StatusFacts(NamedTuple):
    """What decides how a target or image is shown, besides whether the run was interrupted."""

    status: Status
    outcome: Outcome | None
    begun: bool


# Those of a target, and of its images.
TargetFacts = tuple[StatusFacts, list[StatusFacts]]


class StatusCounts:
    """The numbers of targets and images by what decides how they are shown.

    Only targets that have changed are counted again: a run may have hundreds. `facts_of` returns
    the current facts of a target.
    """

    def __init__(self, targets: Iterable[str], facts_of: Callable[[str], TargetFacts]) -> None:
        self._facts_of = facts_of
        self._targets: Counter[StatusFacts] = Counter()
        self._lanes: Counter[StatusFacts] = Counter()
        self._counted: dict[str, TargetFacts] = {}
        self._changed = set(targets)

    def change(self, target: str) -> None:
        """Count a target again when the numbers are next asked for."""
        self._changed.add(target)

    @property
    def targets(self) -> Counter[StatusFacts]:
        """The numbers of targets."""
        self._update()
        return self._targets

    @property
    def lanes(self) -> Counter[StatusFacts]:
        """The numbers of images."""
        self._update()
        return self._lanes

    def _update(self) -> None:
        if not self._changed:
            return
        for target in self._changed:
            if target in self._counted:
                facts, lanes = self._counted[target]
                self._targets[facts] -= 1
                self._lanes.subtract(lanes)
            facts, lanes = self._counted[target] = self._facts_of(target)
            self._targets[facts] += 1
            self._lanes.update(lanes)
        self._changed.clear()
        # Without those of which there are none left.
        self._targets, self._lanes = +self._targets, +self._lanes
