"""Which run, and which of its targets, a person's words mean."""

from __future__ import annotations

import argparse

from openhqm_tui.domain.problems import UsageProblem, nearest
from openhqm_tui.domain.state import RunState
from openhqm_tui.store.places import state_folder
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run


def run_and_targets(
    parsed: argparse.Namespace, unnamed: RunFolder | None
) -> tuple[RunFolder | None, list[str]]:
    """Return the run and the targets that `[RUN] [TARGET…]` names; `unnamed` without RUN.

    A first word that is no run may be a target of `unnamed`. Raises UsageProblem for a word that
    is neither.
    """
    first, rest = parsed.run_name, list(parsed.targets)
    if first is None:
        return unnamed, []
    ids = [run.path.name for run in all_runs(state_folder())]
    if first not in ids and unnamed is not None and first in _targets(unnamed):
        return unnamed, _known(unnamed, [first, *rest])
    if first and "/" not in first and not any(name.startswith(first) for name in ids):
        raise _neither(first, ids, unnamed)
    run = find_run(state_folder(), first)
    return run, _known(run, rest)


def word_of(state: RunState) -> str:
    """Return how a run stands, in a word."""
    if state.interrupted:
        return "interrupted"
    return state.outcome.value if state.outcome is not None else "going on"


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
