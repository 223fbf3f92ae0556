"""The fold over hand-written events and records: the effect of each, and of invalid ones."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from openhqm_tui.domain.buildkit.rawjson import (
    PlainText,
    SolveStatus,
    Vertex,
    VertexLog,
    VertexStatus,
    VertexWarning,
)
from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.decisions import images, products_text
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.log import NO_STEP
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import is_cancel
from tests.domain.folding import as_plain_data

BOTH = ("linux/amd64", "linux/arm64")


def info(*names: str, platforms: tuple[str, ...] = BOTH, check: bool = True) -> RunInfo:
    targets = tuple(TargetInfo(name=n, variant=n, platforms=platforms) for n in names or ("redis",))
    return RunInfo(id="run", created=0.0, targets=targets, host="linux/amd64", check=check)


def started(target: str = "redis", attempt: int = 1, at: float = 1.0) -> journal.TargetStarted:
    return journal.TargetStarted(at=at, target=target, attempt=attempt, stream=f"{target}.rawjson")


def started_run(run: RunInfo | None = None) -> tuple[RunState, TargetState]:
    state = RunState(run or info())
    state.apply_event(journal.RunStarted(at=0.0, pid=1))
    state.apply_event(started())
    return state, state.targets["redis"]


def lines(lane: LaneState) -> list[str]:
    return [lane.log.text(index) for index in range(len(lane.log))]


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(1e9 + seconds, datetime.UTC)


def ended(outcome: Outcome, target: str = "redis", at: float = 5.0) -> journal.TargetEnded:
    return journal.TargetEnded(at=at, target=target, attempt=1, outcome=outcome)


def checked(answer: Answer, platform: str, at: float = 9.0) -> journal.LaneChecked:
    verdicts = (Verdict(check="machine", answer=answer),)
    return journal.LaneChecked(at=at, target="redis", platform=platform, verdicts=verdicts)


def run_ended(outcome: Outcome) -> journal.RunEnded:
    return journal.RunEnded(at=10.0, outcome=outcome)


def amd(target: TargetState) -> LaneState:
    return target.lanes[parse_platform("amd64")]


RUN = "[linux/amd64 core 1/1] RUN x"


def vertex(name: str = RUN, digest: str = "1", **more: Any) -> SolveStatus:
    return SolveStatus(vertexes=[Vertex(digest, name, **more)])


def output(data: bytes, digest: str = "1", stream: int = 1) -> SolveStatus:
    return SolveStatus(logs=[VertexLog(digest, data, stream, moment(1))])


def test_a_lane_goes_from_waiting_to_verified() -> None:
    state = RunState(info())
    seen = [amd(state.targets["redis"]).status]
    for event in (
        journal.RunStarted(at=0.0, pid=1),
        started(),
        ended(Outcome.PASSED),
        journal.CheckStarted(at=6.0, target="redis", platform="linux/amd64"),
        checked(Answer.PASS, "linux/amd64"),
    ):
        state.apply_event(event)
        seen.append(amd(state.targets["redis"]).status)
    assert seen == [
        Status.WAITING,
        Status.WAITING,
        Status.RUNNING,
        Status.CHECKING,
        Status.CHECKING,
        Status.PASSED,
    ]
    whole_target = [state.targets["redis"].status]  # arm64 isn't checked yet
    state.apply_event(checked(Answer.PASS, "linux/arm64"))
    whole_target.append(state.targets["redis"].status)
    assert whole_target == [Status.CHECKING, Status.PASSED]


@pytest.mark.parametrize(
    ("first", "second", "target"),
    [
        (Answer.PASS, Answer.PASS, Status.PASSED),
        (Answer.PASS, Answer.WARN, Status.PASSED),
        (Answer.PASS, Answer.UNKNOWN, Status.UNKNOWN),
        (Answer.UNKNOWN, Answer.FAIL, Status.FAILED),
        (Answer.FAIL, Answer.PASS, Status.FAILED),
    ],
)
def test_the_worst_lane_decides_the_status_of_the_target(
    first: Answer, second: Answer, target: Status
) -> None:
    state, redis = started_run()
    state.apply_event(ended(Outcome.PASSED))
    for answer, platform in zip((first, second), BOTH, strict=True):
        state.apply_event(checked(answer, platform))
    assert redis.status is target


def test_without_checks_a_built_target_is_done() -> None:
    state, redis = started_run(info(check=False))
    state.apply_event(ended(Outcome.PASSED))
    assert (redis.status, amd(redis).status) == (Status.DONE, Status.DONE)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [ended(Outcome.PASSED)],
        [ended(Outcome.PASSED), journal.CheckStarted(at=6.0, target="redis", platform=BOTH[0])],
    ],
)
def test_targets_cut_off_by_the_end_of_the_run_are_cancelled(
    events: list[journal.AnyEvent],
) -> None:
    state, redis = started_run()
    for event in [*events, run_ended(Outcome.CANCELLED)]:
        state.apply_event(event)
    assert (redis.status, amd(redis).status) == (Status.CANCELLED, Status.CANCELLED)


def test_a_retry_clears_the_first_attempt() -> None:
    state, redis = started_run()
    state.apply_records(
        "redis", [vertex(started=moment(0), error="exit code: 1"), output(b"old\n")]
    )
    state.apply_records("redis", [PlainText("ERROR: old")])
    state.apply_event(ended(Outcome.FAILED))
    state.apply_event(run_ended(Outcome.FAILED))
    state.apply_event(journal.RunStarted(at=11.0, pid=2))
    state.apply_event(started(attempt=2, at=12.0))
    assert (state.status, redis.status, amd(redis).status) == (Status.RUNNING,) * 3
    assert (redis.attempt, redis.steps, redis.texts, len(amd(redis).log)) == (2, {}, [], 0)
    assert state.started == 0.0


def test_a_cancel_request_marks_unfinished_targets() -> None:
    state = RunState(info("redis", "kafka", "sqs"))
    state.apply_event(ended(Outcome.PASSED, "redis"))
    state.apply_event(journal.CancelRequested(at=2.0, target="sqs"))
    marked = {t.name: t.cancel_asked for t in state.targets.values()}
    assert marked == {"redis": False, "kafka": False, "sqs": True}
    state.apply_event(journal.CancelRequested(at=2.0))
    marked = {t.name: t.cancel_asked for t in state.targets.values()}
    assert marked == {"redis": False, "kafka": True, "sqs": True}


def test_events_of_unknown_targets_are_ignored() -> None:
    state, _ = started_run()
    before = as_plain_data(state)
    for event in (
        started("nope"),
        ended(Outcome.FAILED, "nope"),
        journal.ImageSeen(at=1.0, target="nope", platform="linux/amd64", digest="x"),
        journal.ImageSeen(at=1.0, target="redis", platform="linux/vax", digest="x"),
        journal.LaneChecked(at=1.0, target="redis", platform="", verdicts=()),
    ):
        state.apply_event(event)
    state.apply_records("nope", [vertex()])
    state.end_stream("nope")
    assert as_plain_data(state) == before


@pytest.mark.parametrize(
    ("sent", "status", "logged"),
    [
        ([{}], Status.WAITING, []),
        ([{}, {"started": moment(0)}], Status.RUNNING, ["▸ core 1/1 RUN x"]),
        (
            [{"started": moment(0)}, {"started": moment(0), "completed": moment(1.5)}],
            Status.DONE,
            ["▸ core 1/1 RUN x", "  done in 1.5 s"],
        ),
        (
            [{"started": moment(0), "completed": moment(1.5)}],
            Status.DONE,
            ["▸ core 1/1 RUN x", "  done in 1.5 s"],
        ),
        (
            [{"started": moment(0), "completed": moment(0), "cached": True}],
            Status.CACHED,
            ["▸ core 1/1 RUN x", "  cached"],
        ),
        (
            [{"started": moment(0)}, {"started": moment(0), "completed": moment(1), "error": "no"}],
            Status.FAILED,
            ["▸ core 1/1 RUN x", "✗ no"],
        ),
        (
            [{"started": moment(0)}, {"error": "x: context canceled"}],
            Status.CANCELLED,
            ["▸ core 1/1 RUN x", "  stopped"],
        ),
        # BuildKit starts a step again: the second interval is open, then closed.
        (
            [
                {"started": moment(0), "completed": moment(1)},
                {"started": moment(2)},
                {"started": moment(2), "completed": moment(3)},
            ],
            Status.DONE,
            ["▸ core 1/1 RUN x", "  done in 1.0 s"],
        ),
        # It was cached, although later updates don't repeat that.
        (
            [{"cached": True}, {"started": moment(0), "completed": moment(0)}],
            Status.CACHED,
            ["▸ core 1/1 RUN x", "  cached"],
        ),
        # The same update comes twice.
        (
            [{"started": moment(0), "completed": moment(1)}] * 3,
            Status.DONE,
            ["▸ core 1/1 RUN x", "  done in 1.0 s"],
        ),
    ],
)
def test_updates_of_a_step_set_its_status_and_log(
    sent: list[dict[str, Any]], status: Status, logged: list[str]
) -> None:
    state, redis = started_run()
    state.apply_records("redis", [vertex(**fields) for fields in sent])
    (step,) = redis.steps.values()
    assert step.status is status
    assert lines(amd(redis)) == logged


@pytest.mark.parametrize(
    ("intervals", "now", "seconds"),
    [
        ({}, 100.0, 0.0),
        ({0.0: 2.0}, 100.0, 2.0),
        ({0.0: 2.0, 1.0: 3.0}, 100.0, 3.0),
        ({0.0: 5.0, 1.0: 2.0}, 100.0, 5.0),
        ({0.0: 1.0, 3.0: 4.0}, 100.0, 2.0),
        ({0.0: None}, 7.0, 7.0),
        ({0.0: 1.0, 5.0: None}, 7.0, 3.0),
    ],
)
def test_overlapping_intervals_count_once(
    intervals: dict[float, float | None], now: float, seconds: float
) -> None:
    state, redis = started_run()
    state.apply_records("redis", [vertex()])
    (step,) = redis.steps.values()
    step.intervals = intervals
    assert step.busy(now) == seconds
    assert (step.ended is None) is (not intervals or None in intervals.values())


def test_an_older_update_does_not_reopen_a_finished_step() -> None:
    state, redis = started_run()
    ended_step, running_step = (
        vertex(started=moment(0), completed=moment(1)),
        vertex(started=moment(0)),
    )
    state.apply_records("redis", [ended_step, running_step])
    assert redis.steps["1"].status is Status.DONE


def test_output_goes_to_the_lane_that_its_step_builds() -> None:
    state, redis = started_run()
    state.apply_records(
        "redis",
        [
            vertex("[linux/amd64->arm64 core 1/1] RUN x", "cross", started=moment(0)),
            output(b"for arm\nunended", "cross"),
            vertex("[internal] load", "own", started=moment(0)),
            output(b"own\n", "own"),
            output(b"nobody's\n", "unknown"),
        ],
    )
    arm = redis.lanes[parse_platform("arm64")]
    assert lines(arm) == ["▸ core 1/1 RUN x", "for arm"]
    assert lines(amd(redis)) == []
    assert [redis.log.text(i) for i in range(len(redis.log))] == ["own"]
    state.end_stream("redis")
    assert lines(arm)[-1] == "unended"


def test_with_one_platform_every_step_belongs_to_its_lane() -> None:
    state, redis = started_run(info(platforms=("linux/arm64",)))
    state.apply_records("redis", [vertex("[core 1/2] RUN x", started=moment(0))])
    (lane,) = redis.lanes.values()
    assert [step.name.label for step in lane.steps] == ["core 1/2 RUN x"]
    assert lane.steps[0].how is ExecutionMode.EMULATED


def test_transferred_bytes_are_summed_over_the_parts() -> None:
    state, redis = started_run()
    parts = [("a", 5, 10), ("b", 7, 0), ("a", 9, 10)]
    statuses = [VertexStatus(i, "1", current=c, total=t) for i, c, t in parts]
    state.apply_records("redis", [vertex(), SolveStatus(statuses=statuses)])
    assert redis.steps["1"].moved() == (16, 17)
    state.apply_records("redis", [SolveStatus(statuses=[VertexStatus("a", "unknown")])])


def test_the_log_of_a_target_has_its_warnings_and_the_output_of_buildx() -> None:
    state, redis = started_run()
    warning = VertexWarning(vertex="x", short=b"Lint", url="https://x.example", level=1)
    state.apply_records(
        "redis",
        [
            vertex("[internal] load build definition", started=moment(0), completed=moment(1)),
            SolveStatus(warnings=[warning]),
            SolveStatus(warnings=[warning]),
            PlainText("ERROR: failed"),
            PlainText("to solve"),
        ],
    )
    log = redis.log
    assert [(log.text(i), log.stream(i), log.step(i)) for i in range(len(log))] == [
        ("▸ load build definition: done in 1.0 s", 0, 0),
        ("! Lint · https://x.example", 0, NO_STEP),
        ("▸ Buildx", 0, NO_STEP),
        ("ERROR: failed", 2, NO_STEP),
        ("to solve", 2, NO_STEP),
    ]
    assert redis.texts == ["ERROR: failed", "to solve"]
    state.apply_event(started(attempt=2))
    assert (len(redis.log), redis.texts, redis.warnings) == (0, [], {})


def test_an_endless_error_is_cut() -> None:
    state, redis = started_run()
    state.apply_records("redis", [PlainText(str(n)) for n in range(10_000)])
    assert (len(redis.texts), len(redis.log)) == (2000, 2001)


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        ("context canceled", True),
        ("process x did not complete: exit code: 137: context canceled: context canceled\n", True),
        ("failed to solve: Canceled", True),
        ("rpc error: code = Canceled desc = x", False),
        ("exit code: 1", False),
        ("", False),
    ],
)
def test_errors_of_cancelled_steps_are_recognized(error: str, is_one: bool) -> None:
    assert is_cancel(error) is is_one


def test_time_elapses_until_the_checks_are_finished() -> None:
    state, redis = started_run()
    assert redis.elapsed(4.0) == 3.0
    state.apply_event(ended(Outcome.PASSED))
    assert redis.elapsed(7.0) == 6.0
    for platform in BOTH:
        state.apply_event(checked(Answer.PASS, platform))
    assert redis.elapsed(100.0) == 8.0


FAILED = "failed to resolve source metadata for localhost:9/x: connection refused"


@pytest.mark.parametrize(
    ("name", "platforms", "statuses"),
    [
        # Without a platform, the step is needed by all.
        ("[internal] load metadata for x", BOTH, [Status.FAILED, Status.FAILED]),
        ("[internal] load metadata for x", BOTH[:1], [Status.FAILED]),
        (RUN, BOTH, [Status.FAILED, Status.CANCELLED]),
        (RUN.replace("amd64", "arm64"), BOTH, [Status.CANCELLED, Status.FAILED]),
    ],
)
def test_only_a_sibling_of_the_platform_that_failed_is_stopped(
    name: str, platforms: tuple[str, ...], statuses: list[Status]
) -> None:
    state, redis = started_run(info(platforms=platforms))
    failed = vertex(name, started=moment(1), completed=moment(2), error=FAILED)
    state.apply_records("redis", [failed])
    state.apply_event(ended(Outcome.FAILED))
    assert [lane.status for lane in redis.lanes.values()] == statuses


def test_artifacts_are_counted_apart_from_images() -> None:
    image = TargetInfo(name="web", variant="web", platforms=BOTH)
    files = TargetInfo(name="cli", variant="cli", platforms=BOTH, artifacts=("local ./out",))
    lint = TargetInfo(name="lint", variant="lint", platforms=BOTH[:1], artifacts=("check",))
    for targets, words in (
        ((image,), "2 images"),
        ((image, files, lint), "2 images, 2 artifacts"),
        ((files,), "1 artifact"),
    ):
        state = RunState(RunInfo(id="run", created=0.0, targets=targets))
        assert products_text(state) == words
        assert {lane.target.name for lane in images(state)} <= {"web"}
