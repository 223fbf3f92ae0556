"""The fold of events after the first end of a run: repeated checks, pushes, new attempts."""

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


def check_started(at: float, check: str = "") -> journal.CheckStarted:
    return journal.CheckStarted(at=at, target=ONE[0], platform=ONE[1], check=check)


def lane_checked(at: float, *verdicts: Verdict) -> journal.LaneChecked:
    return journal.LaneChecked(at=at, target=ONE[0], platform=ONE[1], verdicts=verdicts)


def check_cancelled(at: float) -> journal.CheckCancelled:
    return journal.CheckCancelled(at=at, target=ONE[0], platform=ONE[1])


@pytest.mark.parametrize(
    ("events", "status", "asking"),
    [
        ((), Status.CHECKING, None),
        ((check_started(3.0),), Status.CHECKING, ""),
        ((check_started(3.0), check_cancelled(4.0)), Status.CANCELLED, None),
        ((check_cancelled(3.0),), Status.CANCELLED, None),
        ((check_cancelled(3.0), check_started(4.0)), Status.CHECKING, ""),
        ((check_started(3.0), lane_checked(4.0, PASS)), Status.PASSED, None),
        (
            (check_started(3.0), lane_checked(4.0, PASS), check_started(9.0, "user")),
            Status.CHECKING,
            "user",
        ),
        (
            (
                check_started(3.0),
                lane_checked(4.0, PASS),
                check_started(9.0),
                check_cancelled(10.0),
            ),
            Status.PASSED,
            None,
        ),
        (
            (
                check_started(3.0),
                lane_checked(4.0, FAIL),
                check_started(9.0),
                check_cancelled(10.0),
            ),
            Status.FAILED,
            None,
        ),
        (
            (
                check_started(3.0),
                lane_checked(4.0, FAIL),
                check_started(9.0),
                lane_checked(10.0, PASS),
            ),
            Status.PASSED,
            None,
        ),
    ],
)
def test_the_status_of_a_lane_follows_its_checks(
    events: tuple[journal.AnyEvent, ...], status: Status, asking: str | None
) -> None:
    lane = state(*BUILT, *events).lanes[0]
    assert (lane.status, lane.asking) == (status, asking)
    assert lane.has_image


def test_repeated_checks_add_no_time_to_the_build() -> None:
    once = (*BUILT, check_started(3.0), lane_checked(4.0, PASS))
    assert state(*once).targets["redis"].elapsed(99.0) == 3.0
    assert state(*once, check_started(500.0)).targets["redis"].elapsed(501.0) == 3.0
    assert (
        state(*once, check_started(500.0), lane_checked(600.0)).targets["redis"].elapsed(601.0)
        == 3.0
    )


@pytest.mark.parametrize(
    ("events", "push", "outcome"),
    [
        ((), False, Outcome.CANCELLED),
        ((check_started(3.0), lane_checked(4.0, PASS)), False, Outcome.PASSED),
        ((check_started(3.0), lane_checked(4.0, FAIL)), False, Outcome.FAILED),
        ((check_cancelled(3.0),), False, Outcome.CANCELLED),
        ((check_started(3.0), lane_checked(4.0, PASS)), True, Outcome.FAILED),
        (
            (
                *(check_started(3.0), lane_checked(4.0, PASS)),
                journal.PushStarted(at=5.0, target="redis"),
                journal.PushEnded(at=6.0, target="redis", outcome=Outcome.PASSED),
            ),
            True,
            Outcome.PASSED,
        ),
        (
            (
                *(check_started(3.0), lane_checked(4.0, PASS)),
                journal.PushEnded(at=6.0, target="redis", outcome=Outcome.CANCELLED),
            ),
            True,
            Outcome.CANCELLED,
        ),
    ],
)
def test_the_outcome_follows_checks_and_pushes(
    events: tuple[journal.AnyEvent, ...], push: bool, outcome: Outcome
) -> None:
    assert state(*BUILT, *events, push=push).ending() is outcome


def test_a_new_attempt_must_be_pushed_again() -> None:
    pushed = journal.PushEnded(at=6.0, target="redis", outcome=Outcome.PASSED, digest="d")
    again = journal.TargetStarted(at=7.0, target="redis", attempt=2, stream="redis.2.rawjson")
    assert state(*BUILT, pushed).targets["redis"].pushed is Outcome.PASSED
    assert state(*BUILT, pushed, again).targets["redis"].pushed is None


def test_the_acknowledged_position_never_decreases() -> None:
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
def test_a_repeated_check_replaces_only_its_verdict(
    before: tuple[Verdict, ...],
    new: tuple[Verdict, ...],
    check: str,
    after: tuple[Verdict, ...],
) -> None:
    assert merged(before, new, check) == after
