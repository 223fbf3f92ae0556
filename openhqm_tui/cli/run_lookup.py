"""The run and targets that command-line arguments name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import NamedTuple

from openhqm_tui.domain.errors import Problem, UsageProblem, nearest
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run

# Unreadable runs to name; any others are only counted.
_MOST_REPORTED = 3


class Latest(NamedTuple):
    """The latest readable run, if any, and why later ones can't be read."""

    run: RunFolder | None
    skipped: tuple[Problem, ...] = ()

    def used(self) -> RunFolder | None:
        """Return the run, after naming the skipped ones on stderr.

        Raises the first Problem if no run can be read.
        """
        if self.run is None:
            if self.skipped:
                raise self.skipped[0]
            return None
        for problem in self.skipped[:_MOST_REPORTED]:
            sys.stderr.write(f"openhqm-tui: {problem}\n")
        if more := len(self.skipped[_MOST_REPORTED:]):
            sys.stderr.write(f"openhqm-tui: {count_text(more, 'more run')} can't be read\n")
        if self.skipped:
            sys.stderr.write(f"openhqm-tui: using the latest readable run, {self.run.path.name}\n")
        return self.run


def latest_of(runs: Iterable[RunFolder]) -> Latest:
    """Return the first readable run, and why those before it can't be read."""
    skipped = []
    for run in runs:
        try:
            _ = run.info
        except Problem as problem:
            skipped.append(problem)
        else:
            return Latest(run, tuple(skipped))
    return Latest(None, tuple(skipped))


def run_named(name: str | None) -> RunFolder:
    """Return the run of that name, or the latest readable one if the name is empty.

    Raises UsageProblem if there is none.
    """
    if name is None and (latest := latest_of(all_runs(state_folder())).used()) is not None:
        return latest
    return find_run(state_folder(), name)


def run_and_targets(
    parsed: argparse.Namespace, unnamed: Latest
) -> tuple[RunFolder | None, list[str]]:
    """Return the run and targets that `[RUN] [TARGET…]` names; without RUN, `unnamed`.

    A first word that isn't a run may be a target of `unnamed`. Raises UsageProblem for a word
    that is neither.
    """
    first, rest = parsed.run_name, list(parsed.targets)
    if first is None:
        return unnamed.used(), []
    ids = [run.path.name for run in all_runs(state_folder())]
    if first not in ids and unnamed.run is not None and first in _targets(unnamed.run):
        return unnamed.used(), _known(unnamed.run, [first, *rest])
    if first and "/" not in first and not any(name.startswith(first) for name in ids):
        raise _neither(first, ids, unnamed.run)
    run = find_run(state_folder(), first)
    return run, _known(run, rest)


def word_of(state: RunState) -> str:
    """Return the state of a run as one word."""
    if state.interrupted:
        return "interrupted"
    return state.outcome.value if state.outcome is not None else "running"


def _targets(run: RunFolder) -> list[str]:
    return [target.name for target in run.info.targets]


def _known(run: RunFolder, words: list[str]) -> list[str]:
    names = _targets(run)
    for word in words:
        if word not in names:
            guess = nearest(word, names)
            raise UsageProblem(
                f"run {run.path.name} has no target '{word}'",
                fix=f"did you mean {guess}?" if guess else "",
                valid=" ".join(names),
            )
    return list(dict.fromkeys(words))


def _neither(word: str, ids: list[str], unnamed: RunFolder | None) -> UsageProblem:
    if unnamed is None:
        guess = nearest(word, ids)
        return UsageProblem(
            f"there is no run '{word}'",
            fix=f"did you mean {guess}?" if guess else "see `openhqm-tui runs`",
        )
    guess = nearest(word, [*_targets(unnamed), *ids])
    return UsageProblem(
        f"'{word}' is neither a run nor a target of run {unnamed.path.name}",
        fix=f"did you mean {guess}?" if guess else "see `openhqm-tui runs`",
        valid=" ".join(_targets(unnamed)),
    )
