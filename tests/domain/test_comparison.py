"""Comparison of two runs: the differences, the most severe first, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.history.comparison import before, compare, lines_of
from openhqm_tui.domain.history.record import (
    LaneRecord,
    RunRecord,
    StepRecord,
    TargetRecord,
    VerdictRecord,
    record_of,
)
from tests.recordings import recording, state_of

AMD, ARM = "linux/amd64", "linux/arm64"
MB = 1_000_000


def lane(platform: str = AMD, **more: Any) -> LaneRecord:
    return LaneRecord(**{"platform": platform, "status": "passed", "seconds": 5.0, **more})


def target(name: str = "redis", *lanes: LaneRecord, steps: tuple[StepRecord, ...] = ()):
    return TargetRecord(
        name=name, variant=name, status="passed", lanes=lanes or (lane(),), steps=steps
    )


def run(*targets: TargetRecord, id: str = "a", created: float = 0.0, **more: Any) -> RunRecord:
    fields = {"status": "passed", "seconds": 10.0, **more}
    return RunRecord(id=id, created=created, targets=targets or (target(),), **fields)


def texts(one: RunRecord, other: RunRecord) -> list[str]:
    return [f"{mark} {text}".strip() for mark, text in lines_of(compare(one, other))]


def test_a_run_does_not_differ_from_itself() -> None:
    for name in ("cold", "checked", "failed"):
        record = record_of(state_of(recording(name)))
        found = compare(record, record)
        assert (found.facts, found.steps, found.layers, found.packages) == ((), (), (), ())
        assert (found.gone, found.new) == ((), ())
        assert texts(record, record)[-1] == "· no other differences"


def test_a_cold_run_after_a_warm_one_lists_the_steps_no_longer_cached() -> None:
    warm, cold = (record_of(state_of(recording(name))) for name in ("warm", "cold"))
    found = compare(warm, cold)
    assert {one[0] for one in found.new} == {"all", "kafka", "sqs", "azure", "gcp", "mqtt"}
    assert {(lane.target, lane.platform) for lane in found.lanes} == {
        (name, platform) for name in ("redis", "minimal") for platform in (AMD, ARM)
    }
    # All cached steps were built this time; the longest one comes first.
    longest = found.steps[0]
    assert longest.cached == (True, False)
    assert longest.more == max(abs(step.more) for step in found.steps)


@pytest.mark.parametrize(
    ("was", "now", "line"),
    [
        ({}, {"status": "failed"}, "✗ redis linux/amd64: verified → failed"),
        ({"status": "failed"}, {}, "✓ redis linux/amd64: failed → verified"),
        ({"status": "failed"}, {"status": "done"}, "✓ redis linux/amd64: failed → built"),
        ({}, {"status": "done"}, "· redis linux/amd64: verified → built"),
        ({}, {"status": "waiting"}, "· redis linux/amd64: verified → waiting"),
        ({"status": "waiting"}, {}, "✓ redis linux/amd64: waiting → verified"),
        ({}, {"seconds": 8.0}, "▲ redis linux/amd64 5.0 s → 8.0 s (+60.0 %)"),
        ({}, {"seconds": 2.0}, "▼ redis linux/amd64 5.0 s → 2.0 s (−60.0 %)"),
        ({"size": 600 * MB}, {"size": 601 * MB}, "▲ redis linux/amd64 600 MB → 601 MB (+0.2 %)"),
        ({"size": 60 * MB}, {"size": 66 * MB}, "▲ redis linux/amd64 60.0 MB → 66.0 MB (+10.0 %)"),
    ],
)
def test_a_changed_status_time_or_size_of_an_image_is_listed(was, now, line) -> None:
    one, other = run(target("redis", lane(**was))), run(target("redis", lane(**now)))
    assert line in texts(one, other)


@pytest.mark.parametrize("status", ["failed", "cancelled", "waiting"])
def test_an_image_that_was_not_built_is_neither_faster_nor_smaller(status: str) -> None:
    kept = target("all", lane(size=90 * MB))
    one = run(kept, target("redis", lane(size=60 * MB)))
    other = run(kept, target("redis", lane(status=status, seconds=0.1)))
    for pair in ((one, other), (other, one)):
        lines = texts(*pair)
        assert "· total image size 90.0 MB, unchanged" in lines
        assert not any(line.startswith(("▲", "▼")) and "redis" in line for line in lines)


@pytest.mark.parametrize(
    ("was", "now", "line"),
    [
        ("passed", "failed", "✗ passed → failed"),
        ("passed", "interrupted", "✗ passed → interrupted"),
        ("failed", "passed", "✓ failed → passed"),
        ("failed", "cancelled", "· failed → cancelled"),
    ],
)
def test_a_changed_outcome_and_time_of_the_run_are_listed(was: str, now: str, line: str) -> None:
    lines = texts(run(status=was), run(status=now, seconds=2.0))
    assert lines[1:3] == [line, "· run time 0:10 → 2.0 s (−80.0 %)"]


def test_small_differences_are_ignored() -> None:
    one = run(target("redis", lane(size=60 * MB)))
    other = run(target("redis", lane(seconds=5.4, size=60 * MB + 20)))
    assert texts(one, other)[3:] == ["· no other differences"]


def verdicts(**answers: str) -> dict[str, Any]:
    return {"verdicts": tuple(VerdictRecord(check=c, answer=a) for c, a in answers.items())}


def test_newly_failing_and_fixed_checks_are_listed() -> None:
    """A failing check that did not run before is new; one that failed before is not."""
    one = run(target("redis", lane(**verdicts(user="pass", size="fail", labels="fail"))))
    other = run(
        target("redis", lane(**verdicts(user="unknown", size="fail", labels="warn", setuid="fail")))
    )
    (found,) = compare(one, other).lanes
    assert (found.failing, found.fixed) == (("user", "setuid"), ("labels",))
    assert "✗ redis linux/amd64: now failing: user, setuid" in texts(one, other)
    assert "✓ redis linux/amd64: no longer failing: labels" in texts(one, other)


def step(label: str, seconds: float, platform: str = AMD, **more: Any) -> StepRecord:
    return StepRecord(label=label, platform=platform, start=1.0, end=1.0 + seconds, **more)


def test_steps_are_listed_by_their_change_in_time() -> None:
    one = run(target(steps=(step("a", 2), step("b", 9, cached=True), step("c", 3), step("d", 1))))
    other = run(target(steps=(step("a", 2.1), step("b", 4), step("c", 0.5), step("e", 1.5))))
    found = [(s.label, s.seconds, s.cached) for s in compare(one, other).steps]
    assert found == [
        ("b", (0.0, 4.0), (True, False)),
        ("c", (3.0, 0.5), (False, False)),
        ("e", (None, 1.5), (False, False)),
        ("d", (1.0, None), (False, False)),
    ]


def test_steps_of_a_platform_in_only_one_run_are_not_compared() -> None:
    one = run(target("redis", lane(), steps=(step("a", 2),)))
    other = run(target("redis", lane(), lane(ARM), steps=(step("a", 2), step("a", 40, ARM))))
    assert compare(one, other).steps == ()


def test_a_step_shared_by_targets_is_listed_once() -> None:
    names = ("all", "kafka", "mqtt", "redis")
    one = run(*(target(name, steps=(step("a", 2),)) for name in names))
    other = run(*(target(name, steps=(step("a", 5),)) for name in names))
    assert "▲ 2.0 s → 5.0 s  all, kafka, mqtt and 1 more linux/amd64  a" in texts(one, other)


def test_changed_layers_are_listed_with_both_sizes() -> None:
    def layered(*layers: tuple[str, int, str]) -> RunRecord:
        made = tuple(ImageLayer(digest=d, size=s, created_by=c) for d, s, c in layers)
        return run(target("redis", lane(layers=made)))

    one = layered(("1", 29 * MB, "FROM"), ("2", 5 * MB, "COPY core"), ("3", MB, "COPY old"))
    other = layered(("1", 29 * MB, "FROM"), ("9", 8 * MB, "COPY core"), ("4", MB, "COPY new"))
    assert [text for text in texts(one, other) if "COPY" in text] == [
        "▲ 5.00 MB → 8.00 MB  redis linux/amd64  COPY core",
        "▼ 1.00 MB → –  redis linux/amd64  COPY old",
        "▲ – → 1.00 MB  redis linux/amd64  COPY new",
    ]
    # The same instruction with a new timestamp.
    assert compare(one, layered(("8", 29 * MB + 9, "FROM"), *[])).layers[0].created_by != "FROM"


def test_changed_packages_are_listed_with_both_versions() -> None:
    def with_packages(amd: dict[str, str], arm: dict[str, str]) -> RunRecord:
        return run(target("redis", lane(packages=amd), lane(ARM, packages=arm)))

    one = with_packages({"redis": "7.4.1", "h11": "1"}, {"redis": "7.4.1"})
    other = with_packages({"redis": "6.4.0"}, {"redis": "6.4.0", "hiredis": "3"})
    assert [text for text in texts(one, other) if "→" in text][1:] == [
        "· h11 1 → –  redis amd64",
        "· redis 7.4.1 → 6.4.0  redis amd64+arm64",
        "· hiredis – → 3  redis arm64",
    ]
    # An image whose packages weren't listed has not lost them.
    assert compare(one, with_packages({}, {})).packages == ()


def test_a_changed_environment_is_listed() -> None:
    one = run(revision="b17a17a8af7ba2e004c0db1e5a01c7a6e8204751", base="python:3.13-slim")
    other = run(revision="", base="python:3.13-slim", engine="29")
    assert texts(one, other)[2:5] == [
        "environment",
        "· revision b17a17a8af7b → unknown",
        "· engine unknown → 29",
    ]


def test_lines_beyond_the_limit_are_counted() -> None:
    one = run(*(target(f"t{n}") for n in range(30)))
    other = run(*(target(f"t{n}", lane(seconds=50.0)) for n in range(30)))
    found = texts(one, other)
    assert found[-1] == "· 18 more"
    assert len(found) == 16


def test_a_run_is_compared_with_the_latest_earlier_one_of_its_targets() -> None:
    other = run(target("kafka"), id="kafka", created=5.0)
    both = run(target(), target("kafka"), id="both", created=4.0)
    same = run(id="same", created=2.0)
    runs = [run(id="later", created=9.0), run(id="now", created=6.0), other, both, same]
    assert before(runs[1], runs) == same
    assert before(runs[1], [other, both]) == both
    assert before(runs[1], [other]) is None
    assert before(same, runs) is None
