"""Statuses are kept until their target changes, and counted by difference."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.counts import StatusCounts, StatusFacts
from openhqm_tui.domain.run.decisions import ended, ended_count, failed_count
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status

NAMES = ("a", "b", "c")
BOTH = ("linux/amd64", "linux/arm64")


def new_state() -> RunState:
    targets = tuple(TargetInfo(name=name, variant=name, platforms=BOTH) for name in NAMES)
    return RunState(RunInfo(id="x", created=0.0, targets=targets))


def anew(state: RunState) -> RunState:
    """Return the state without anything that is kept."""
    for target in state.targets.values():
        target.forget_status()
    state._lanes = []
    return state


_verdict = st.sampled_from(
    [(Verdict(check="index", answer=answer),) for answer in (Answer.PASS, Answer.FAIL)]
)
_target, _platform = st.sampled_from(NAMES), st.sampled_from(BOTH)
_events = st.one_of(
    st.builds(events.RunStarted, at=st.just(1.0), pid=st.just(1)),
    st.builds(events.RunEnded, at=st.just(9.0), outcome=st.sampled_from(Outcome)),
    st.builds(events.TargetQueued, at=st.just(2.0), target=_target, attempt=st.just(2)),
    st.builds(
        events.TargetStarted,
        at=st.just(3.0),
        target=_target,
        attempt=st.just(1),
        stream=st.just("x"),
    ),
    st.builds(
        events.TargetEnded,
        at=st.just(4.0),
        target=_target,
        attempt=st.just(1),
        outcome=st.sampled_from(Outcome),
        exit_code=st.just(0),
    ),
    st.builds(events.CheckStarted, at=st.just(5.0), target=_target, platform=_platform),
    st.builds(
        events.LaneChecked, at=st.just(6.0), target=_target, platform=_platform, verdicts=_verdict
    ),
    st.builds(events.CheckCancelled, at=st.just(6.0), target=_target, platform=_platform),
    st.just(None),
)


@given(st.lists(_events, max_size=25))
def test_what_is_kept_is_what_would_be_found_anew(told) -> None:
    state = new_state()
    for event in told:
        if event is None:
            state.end_interrupted()
        else:
            state.apply_event(event)
        kept = [lane.status for lane in state.lanes], [t.status for t in state.targets.values()]
        counts = Counter(state.counts.targets), Counter(state.counts.lanes)
        status, over, failed = state.status, ended_count(state), failed_count(state)
        anew(state)
        targets = list(state.targets.values())
        assert kept == ([lane.status for lane in state.lanes], [t.status for t in targets])
        assert counts == (
            Counter(target.facts for target in targets),
            Counter(lane.facts for lane in state.lanes),
        )
        assert status is state.status
        assert over == len(ended(state))
        assert failed == sum(target.status is Status.FAILED for target in targets)


def test_only_changed_targets_are_counted_again() -> None:
    waiting, running = (
        StatusFacts(Status.WAITING, None, begun=False),
        StatusFacts(Status.RUNNING, None, begun=True),
    )
    now = dict.fromkeys(NAMES, waiting)
    asked: list[str] = []

    def facts_of(name: str) -> tuple[StatusFacts, list[StatusFacts]]:
        asked.append(name)
        return now[name], [now[name]] * 2

    counts = StatusCounts(NAMES, facts_of)
    assert counts.targets == {waiting: 3}
    assert sorted(asked) == list(NAMES)
    asked.clear()
    now["b"] = running
    assert counts.targets == {waiting: 3}
    counts.change("b")
    assert (counts.targets, counts.lanes) == (
        {waiting: 2, running: 1},
        {waiting: 4, running: 2},
    )
    assert asked == ["b"]


@pytest.mark.parametrize("cached", [True, False])
def test_the_platform_that_failed_is_known_once_its_steps_are_read(cached: bool) -> None:
    from openhqm_tui.domain.buildkit.rawjson import StreamDecoder

    state = new_state()
    state.apply_event(events.RunStarted(at=1.0, pid=1))
    state.apply_event(events.TargetStarted(at=2.0, target="a", attempt=1, stream="x"))
    ends = events.TargetEnded(at=3.0, target="a", attempt=1, outcome=Outcome.FAILED, exit_code=1)
    state.apply_event(ends)
    amd, arm = state.lanes[:2]
    if cached:
        assert (amd.status, arm.status) == (Status.FAILED, Status.FAILED)
    line = b'{"vertexes":[{"digest":"x","name":"[linux/arm64 1/1] RUN x","error":"no"}]}\n'
    state.apply_records("a", StreamDecoder().feed(line))
    assert (amd.status, arm.status) == (Status.CANCELLED, Status.FAILED)
