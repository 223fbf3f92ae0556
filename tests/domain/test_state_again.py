"""The fold of what happens after a run's first end: checks asked again, pushes, other runners."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.verdict import Answer, Verdict, merged
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status

ONE = ("redis", "linux/amd64")
PASS = Verdict(check="user", answer=Answer.PASS)
FAIL = Verdict(check="user", answer=Answer.FAIL)
OTHER = Verdict(check="machine", answer=Answer.PASS)


def state(*events: journal.AnyEvent, push: bool = False) -> RunState:
    target = TargetInfo(name="redis", variant="redis", platforms=("linux/amd64",))
    folded = RunState(RunInfo(id="run", created=0.0, targets=(target,), push=push))
    for event in events:
        folded.apply_event(event)
    return folded


BUILT: tuple[journal.AnyEvent, ...] = (
    journal.RunStarted(at=1.0, pid=1),
    journal.TargetStarted(at=1.0, target="redis", attempt=1, stream="redis.rawjson"),
    journal.TargetEnded(at=2.0, target="redis", attempt=1, outcome=Outcome.PASSED, digest="d"),
)


def asked(at: float, check: str = "") -> journal.CheckStarted:
    return journal.CheckStarted(at=at, target=ONE[0], platform=ONE[1], check=check)


def answered(at: float, *verdicts: Verdict) -> journal.LaneChecked:
    return journal.LaneChecked(at=at, target=ONE[0], platform=ONE[1], verdicts=verdicts)


def cut(at: float) -> journal.CheckCancelled:
    return journal.CheckCancelled(at=at, target=ONE[0], platform=ONE[1])


@pytest.mark.parametrize(
    ("events", "status", "asking"),
    [
        ((), Status.CHECKING, None),
        ((asked(3.0),), Status.CHECKING, ""),
        ((asked(3.0), cut(4.0)), Status.CANCELLED, None),
        ((cut(3.0),), Status.CANCELLED, None),
        ((cut(3.0), asked(4.0)), Status.CHECKING, ""),
        ((asked(3.0), answered(4.0, PASS)), Status.PASSED, None),
        ((asked(3.0), answered(4.0, PASS), asked(9.0, "user")), Status.CHECKING, "user"),
        ((asked(3.0), answered(4.0, PASS), asked(9.0), cut(10.0)), Status.PASSED, None),
        ((asked(3.0), answered(4.0, FAIL), asked(9.0), cut(10.0)), Status.FAILED, None),
        ((asked(3.0), answered(4.0, FAIL), asked(9.0), answered(10.0, PASS)), Status.PASSED, None),
    ],
)
def test_how_a_lane_stands(
    events: tuple[journal.AnyEvent, ...], status: Status, asking: str | None
) -> None:
    lane = state(*BUILT, *events).lanes[0]
    assert (lane.status, lane.asking) == (status, asking)
    assert lane.has_image


def test_asking_again_takes_no_time_of_the_build() -> None:
    once = (*BUILT, asked(3.0), answered(4.0, PASS))
    assert state(*once).targets["redis"].elapsed(99.0) == 3.0
    assert state(*once, asked(500.0)).targets["redis"].elapsed(501.0) == 3.0
    assert state(*once, asked(500.0), answered(600.0)).targets["redis"].elapsed(601.0) == 3.0


@pytest.mark.parametrize(
    ("events", "push", "outcome"),
    [
        ((), False, Outcome.CANCELLED),
        ((asked(3.0), answered(4.0, PASS)), False, Outcome.PASSED),
        ((asked(3.0), answered(4.0, FAIL)), False, Outcome.FAILED),
        ((cut(3.0),), False, Outcome.CANCELLED),
        ((asked(3.0), answered(4.0, PASS)), True, Outcome.FAILED),
        (
            (
                *(asked(3.0), answered(4.0, PASS)),
                journal.PushStarted(at=5.0, target="redis"),
                journal.PushEnded(at=6.0, target="redis", outcome=Outcome.PASSED),
            ),
            True,
            Outcome.PASSED,
        ),
        (
            (
                *(asked(3.0), answered(4.0, PASS)),
                journal.PushEnded(at=6.0, target="redis", outcome=Outcome.CANCELLED),
            ),
            True,
            Outcome.CANCELLED,
        ),
    ],
)
def test_how_it_would_end(
    events: tuple[journal.AnyEvent, ...], push: bool, outcome: Outcome
) -> None:
    assert state(*BUILT, *events, push=push).ending() is outcome


def test_a_new_build_has_to_be_pushed_again() -> None:
    pushed = journal.PushEnded(at=6.0, target="redis", outcome=Outcome.PASSED, digest="d")
    again = journal.TargetStarted(at=7.0, target="redis", attempt=2, stream="redis.2.rawjson")
    assert state(*BUILT, pushed).targets["redis"].pushed is Outcome.PASSED
    assert state(*BUILT, pushed, again).targets["redis"].pushed is None


def test_what_was_heard_never_goes_back() -> None:
    folded = state(
        journal.RequestReceived(at=1.0, upto=40), journal.RequestReceived(at=2.0, upto=10)
    )
    assert folded.heard == 40


@pytest.mark.parametrize(
    ("before", "new", "check", "after"),
    [
        ((FAIL, OTHER), (PASS, OTHER), "user", (PASS, OTHER)),
        ((FAIL, OTHER), (PASS, FAIL), "", (PASS, FAIL)),
        ((), (FAIL, OTHER), "machine", (FAIL, OTHER)),
        ((FAIL, OTHER), (OTHER,), "user", (FAIL, OTHER)),
        ((OTHER,), (PASS, OTHER), "user", (OTHER,)),
    ],
)
def test_one_answer_is_renewed(
    before: tuple[Verdict, ...],
    new: tuple[Verdict, ...],
    check: str,
    after: tuple[Verdict, ...],
) -> None:
    assert merged(before, new, check) == after
