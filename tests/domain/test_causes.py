"""Failures of one cause are one entry."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.failures.causes import causes_of
from openhqm_tui.domain.failures.failure import Failure, failure_of
from tests.recordings import recording, state_of

SOURCE = (" 5 | >>> RUN install",)


def failed(target: str, **fields: object) -> Failure:
    known = {
        "platform": "linux/amd64",
        "stage": "kafka",
        "step": "kafka 1/1 RUN --mount=type=secret,id=x install",
        "where": "Dockerfile:5",
        "source": SOURCE,
        "reason": "error: no wheels (exit code 1)",
    }
    return Failure(target=target, **(known | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "others", "groups"),
    [
        ("the same line and error", {}, [("kafka", "all")]),
        ("another platform", {"platform": "linux/arm64"}, [("kafka", "all")]),
        ("an argument in the step", {"step": "kafka 1/1 RUN install all"}, [("kafka", "all")]),
        ("another error", {"reason": "error: no disk"}, [("kafka",), ("all",)]),
        ("another line", {"where": "Dockerfile:6"}, [("kafka",), ("all",)]),
        ("another Dockerfile", {"source": (" 5 | >>> RUN make",)}, [("kafka",), ("all",)]),
    ],
)
def test_failures_of_the_same_line_and_error_are_one_cause(
    case: str, others: dict[str, object], groups: list[tuple[str, ...]]
) -> None:
    causes = causes_of([failed("kafka"), failed("all", **others)])
    assert [cause.targets for cause in causes] == groups, case


def test_without_a_line_the_step_counts() -> None:
    nowhere: dict[str, object] = {"where": "", "source": ()}
    one = failed("kafka", **nowhere)
    other = failed("all", **nowhere, step="kafka 1/1 RUN --mount=type=secret,id=y install")
    third = failed("gcp", **nowhere, step="gcp 1/1 RUN install")
    assert [cause.targets for cause in causes_of([one, other, third])] == [
        ("kafka", "all"),
        ("gcp",),
    ]


def test_without_a_step_the_error_and_the_output_count() -> None:
    failures = [
        Failure(target="a", reason="Buildx exited with code 1", log=("one",)),
        Failure(target="b", reason="Buildx exited with code 1", log=("two",)),
        Failure(target="c", reason="Buildx exited with code 1", log=("one",)),
    ]
    assert [cause.targets for cause in causes_of(failures)] == [("a", "c"), ("b",)]


def test_an_engine_that_stops_is_one_cause_wherever_each_target_was() -> None:
    (cause,) = causes_of(
        [
            failed(name, where=f"Dockerfile:{line}", trouble="engine-went-away", hint=hint)
            for line, name in enumerate(("kafka", "all"))
            for hint in (f"look; then `openhqm-tui retry run {name}`",)
        ]
    )
    assert cause.targets == ("kafka", "all")
    assert cause.hint == "look; then `openhqm-tui retry run kafka all`"


def test_the_same_failed_checks_are_one_cause() -> None:
    failures = [Failure(target=name, checks=("user fails: root",)) for name in ("a", "b")]
    (cause,) = causes_of([*failures])
    assert cause.title == "2 targets: a, b"


def test_the_order_is_that_of_the_failures() -> None:
    causes = causes_of([failed("b"), failed("a", where="Dockerfile:1"), failed("c")])
    assert [cause.targets for cause in causes] == [("b", "c"), ("a",)]
    assert causes_of([]) == []


def test_the_title_names_targets_platforms_and_stage() -> None:
    (one,) = causes_of([failed("kafka")])
    assert one.title == "kafka · linux/amd64 · stage kafka"
    (two,) = causes_of([failed("kafka"), failed("all", platform="linux/arm64")])
    assert two.title == "2 targets: kafka, all · linux/amd64, linux/arm64 · stage kafka"


def test_a_recorded_failure_is_a_cause_of_its_own() -> None:
    failures = [failure_of(target) for target in state_of(recording("failed")).targets.values()]
    assert [cause.targets for cause in causes_of(filter(None, failures))] == [("kafka",)]
