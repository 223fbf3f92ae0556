"""Words on screen: states are distinguished without color, and the home folder is a tilde."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.findings import Health
from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.core.labels import answer_mark, health_mark, path_words, status_mark, step_mark

_STEPS = (
    Status.WAITING,
    Status.RUNNING,
    Status.DONE,
    Status.CACHED,
    Status.FAILED,
    Status.CANCELLED,
)


@pytest.mark.parametrize(
    ("mark_of", "states"),
    [
        (status_mark, tuple(status for status in Status if status is not Status.CACHED)),
        (step_mark, _STEPS),
        (answer_mark, tuple(Answer)),
        (health_mark, tuple(Health)),
    ],
    ids=["lane", "step", "answer", "finding"],
)
def test_symbols_and_words_are_unique(mark_of, states):
    marks = [mark_of(state) for state in states]
    assert len({mark.symbol for mark in marks}) == len(states)
    assert len({mark.word for mark in marks}) == len(states)
    # One cell wide in every terminal: an emoji or ambiguous width would shift the rest.
    assert all(len(mark.symbol) == 1 and mark.content.cell_length for mark in marks)


@pytest.mark.parametrize(
    ("inside", "words"), [("", "~"), ("app", "~/app"), ("a b/c", "~/a b/c"), ("..", "/nowhere")]
)
def test_the_home_folder_is_a_tilde(
    monkeypatch: pytest.MonkeyPatch, inside: str, words: str
) -> None:
    home = Path("/nowhere/me")
    monkeypatch.setattr(Path, "home", lambda: home)
    assert path_words(home / inside if inside != ".." else home.parent) == words
