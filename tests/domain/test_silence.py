"""Builds without output: since when, and until when."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState

PLATFORM = "linux/amd64"
STARTED = journal.TargetStarted(at=1.0, target="kafka", attempt=1, stream="kafka.rawjson")
SILENT = journal.OutputStalled(at=310.0, target="kafka", since=10.0)


def run_of(*names: str) -> RunState:
    targets = tuple(TargetInfo(name=name, variant=name, platforms=(PLATFORM,)) for name in names)
    return RunState(RunInfo(id="run", created=0.0, targets=targets))


def silences(*events: journal.AnyEvent) -> list[float | None]:
    state = run_of("kafka", "redis")
    state.apply_event(journal.RunStarted(at=0.0, pid=1))
    for event in events:
        state.apply_event(event)
    return [target.silent_since for target in state.targets.values()]


def test_only_the_target_without_output_is_silent() -> None:
    assert silences(STARTED) == [None, None]
    assert silences(STARTED, SILENT) == [10.0, None]


@pytest.mark.parametrize(
    "event",
    [
        journal.OutputResumed(at=320.0, target="kafka"),
        journal.TargetEnded(at=320.0, target="kafka", attempt=1, outcome=Outcome.FAILED),
        journal.TargetStarted(at=320.0, target="kafka", attempt=2, stream="kafka.2.rawjson"),
    ],
)
def test_output_or_a_new_attempt_or_the_end_ends_a_silence(event: journal.AnyEvent) -> None:
    assert silences(STARTED, SILENT, event) == [None, None]


def test_a_finished_target_is_not_silent() -> None:
    ended = journal.TargetEnded(at=309.0, target="kafka", attempt=1, outcome=Outcome.PASSED)
    assert silences(STARTED, ended, SILENT) == [None, None]


def test_a_silence_of_an_unknown_target_is_ignored() -> None:
    nobody = journal.OutputStalled(at=310.0, target="nobody", since=10.0)
    assert silences(STARTED, nobody, journal.OutputResumed(at=1.0, target="nobody")) == [None, None]
