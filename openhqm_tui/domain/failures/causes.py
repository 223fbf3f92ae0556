"""Failures of one cause: the same error at the same line of a Dockerfile, for several targets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import msgspec

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.failures.failure import Failure


class FailureCause(msgspec.Struct, frozen=True):
    """Why one or more targets failed; `failures` has one for each, and is never empty."""

    failures: tuple[Failure, ...]

    @property
    def first(self) -> Failure:
        """The failure that describes the cause."""
        return self.failures[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the failed targets."""
        return tuple(failure.target for failure in self.failures)

    @property
    def title(self) -> str:
        """The failed targets, their platforms and the stage, on one line."""
        names = ", ".join(self.targets)
        several = len(self.targets) > 1
        platforms = dict.fromkeys(failure.platform for failure in self.failures)
        stage = self.first.stage
        parts = (
            f"{len(self.targets)} targets: {names}" if several else names,
            ", ".join(filter(None, platforms)),
            f"stage {stage}" if stage else "",
        )
        return " · ".join(filter(None, parts))

    @property
    def hint(self) -> str:
        """The fix; the command that retries names all targets."""
        retry = f" {self.first.target}`"
        return self.first.hint.replace(retry, f" {' '.join(self.targets)}`")


def causes_of(failures: Iterable[Failure]) -> list[FailureCause]:
    """Group failures by their cause, in the order of the first of each."""
    found: dict[Hashable, list[Failure]] = {}
    for failure in failures:
        found.setdefault(_key(failure), []).append(failure)
    return [FailureCause(tuple(group)) for group in found.values()]


def _key(failure: Failure) -> Hashable:
    """Return what the failures of one cause have in common, besides their first error."""
    if failure.trouble:
        return failure.trouble, failure.reason  # wherever each target was
    if failure.checks:
        return failure.checks
    if failure.where:
        # With the lines: projects have several files called `Dockerfile`. A step's text differs
        # between targets if it contains an argument.
        return failure.where, failure.source, failure.reason
    if failure.step:
        return short_title(failure.step), failure.reason
    return failure.reason, failure.log
