"""Texts and available actions of the Run screen, without a console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.failures.failure import verification_failure
from openhqm_tui.domain.formatting import local_time_text
from openhqm_tui.domain.plan.builders import NodeInfo
from openhqm_tui.domain.run.decisions import to_retry
from openhqm_tui.domain.run.events import Outcome, RunInfo, RunStarted, TargetInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.timeline import lane_seconds
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.tui.core.labels import way_words
from openhqm_tui.tui.run.actions import kept_images_text, possible
from openhqm_tui.tui.run.board_rows import cell_of, ways_of_platform
from openhqm_tui.tui.run.failure_panel import failure_of_target, failure_text
from openhqm_tui.tui.run.header import page_words, totals, totals_line
from openhqm_tui.tui.run.lane_pane import heading
from openhqm_tui.tui.run.live_slots import first_lane
from tests.tui import folders

NOW = folders.T0 + 12


def state_of(made: folders.Made) -> RunState:
    return read_run(made.run)


def plain(lines) -> list[str]:
    return [line.plain for line in lines]


def test_totals_are_shortened_to_the_width(tmp_path: Path):
    made = folders.running(tmp_path, folders.EIGHT)
    made.fail("redis").finish("all", Outcome.CANCELLED, 9)
    state = state_of(made)
    made.release()
    full = "2/8 done  ✗ 1 failed  ▸ 4 building  · 2 waiting  ⊘ 1 cancelled"
    assert totals(state, 80).plain == full
    assert totals(state, 50).plain == "2/8 done  ✗ 1 failed  ▸ 4 building  · 2  ⊘ 1"
    assert totals(state, 40).plain == "2/8 done  ✗ 1 failed  ▸ 4  · 2  ⊘ 1"
    assert totals(state, 25).plain == "2/8 done  ✗ 1  ▸ 4  · 2"


def test_facts_are_on_the_right_of_the_totals_as_far_as_they_fit(tmp_path: Path):
    made = folders.running(tmp_path)
    state = state_of(made)
    made.release()
    date = local_time_text(folders.T0)
    assert totals_line(state, 80).plain == (
        "0/2 done  ▸ 2 building" + " " * 11 + f"4 images · {date} · base python:3.13-slim"
    )
    assert totals_line(state, 60).plain.endswith(f"   4 images · {date}")
    assert totals_line(state, 33).plain == "0/2 done  ▸ 2 building   4 images"
    assert totals_line(state, 30).plain == "0/2 done  ▸ 2 building"


def test_the_time_of_an_interrupted_target_ends_with_its_last_output(tmp_path: Path):
    made = folders.running(tmp_path, ("redis",), steps=3)
    made.release()
    target = state_of(made).targets["redis"]
    assert target.status is Status.CANCELLED
    assert target.elapsed(NOW + 500) == pytest.approx(3.7, abs=0.01)


def test_the_last_log_line_counts_as_output_too(tmp_path: Path):
    made = folders.Made(tmp_path, ("redis", "kafka")).start().begin("redis", 1.0)
    step = {"digest": "sha256:a", "name": "[linux/arm64 a 1/1] RUN make"}
    started, printed = "2026-11-23T15:14:02Z", "2026-11-23T15:14:31Z"
    line = {"vertex": "sha256:a", "stream": 1, "data": "aGkK", "timestamp": printed}
    made.write("redis", {"vertexes": [{**step, "started": started}], "logs": [line]})
    state = state_of(made)
    assert state.targets["redis"].elapsed(NOW + 500) == pytest.approx(30)
    assert lane_seconds(state.lanes[1], NOW + 500) == pytest.approx(30)
    assert totals(state, 80).plain == "0/2 done  ! 1 interrupted  · 1 not started"


def test_headings_are_shortened_to_the_width(tmp_path: Path):
    made = folders.running(tmp_path, ("redis",))
    made.begin("redis", 9, attempt=2)
    step = {"digest": "sha256:a", "name": "[linux/arm64 a 1/1] RUN make"}
    made.write("redis", {"vertexes": [step]}, attempt=2)
    lane = state_of(made).lanes[1]
    made.release()
    headings = [heading(lane, NOW, width).plain for width in (80, 45, 36, 26, 20)]
    assert headings == [
        "▸ redis linux/arm64 · attempt 2 · emulated · 0:03 · building",
        "▸ redis arm64 · emulated · 0:03 · building",
        "▸ redis arm64 · emulated · building",
        "▸ redis arm64 · building",
        "▸ red… arm64 · building",
    ]
    assert heading(lane, NOW, 80, own=True).plain == (
        "▸ redis build setup log · attempt 2 · 0:03 · building"
    )


def test_the_node_of_a_builder_is_shown_where_there_is_room(tmp_path: Path):
    nodes = tuple(
        NodeInfo(name=name, native=f"linux/{arch}", platforms=(f"linux/{arch}",))
        for name, arch in (("amd1", "amd64"), ("arm1", "arm64"))
    )
    made = folders.running(tmp_path, ("redis",), nodes=nodes, driver="remote")
    made.begin("redis", 9)
    step = {"digest": "sha256:a", "name": "[linux/arm64 a 1/1] RUN make"}
    made.write("redis", {"vertexes": [step]})
    state = state_of(made)
    amd, arm = state.lanes
    made.release()
    assert (way_words(amd), way_words(arm)) == ("native on amd1", "native on arm1")
    headings = [heading(arm, NOW, width).plain for width in (60, 50, 36, 26)]
    assert headings == [
        "▸ redis linux/arm64 · native on arm1 · 0:03 · building",
        "▸ redis linux/arm64 · native · 0:03 · building",
        "▸ redis arm64 · 0:03 · building",
        "▸ redis arm64 · building",
    ]
    assert ways_of_platform(state, arm.platform) == ["native on arm1", "native"]


def test_the_line_of_pages_offers_available_actions():
    one: dict[str, Any] = {"lanes": 4, "seen": 4, "shows_all": False, "zoomed": False}
    one |= {"busiest_first": True, "own": False}
    assert page_words(0, 1, **one) == (
        "4 images",
        [
            ("Z All panes", "grid"),
            ("s Steps", "steps"),
            ("L Build setup log", "own_log"),
            ("p Pager", "page_log"),
        ],
    )
    assert page_words(0, 1, **one | {"seen": 3})[0] == "3 of 4 images"
    one["shows_all"] = True
    where, parts = page_words(1, 3, **one)
    assert where == "page 2/3"
    assert [words for words, _ in parts] == [
        *("[ Previous", "] Next", "Z Board", "s Steps", "L Build setup log", "p Pager"),
        "o Plan order",
    ]
    zoomed = {**one, "zoomed": True, "own": True, "busiest_first": False}
    where, parts = page_words(3, 4, **zoomed)
    assert where == "pane 4/4"
    assert [words for words, _ in parts] == [
        *("[ Previous", "] Next", "z Restore", "Z Board", "s Steps", "L Image log", "p Pager"),
    ]


@pytest.mark.parametrize(
    ("action", "kind", "target", "live", "expected"),
    [
        ("cancel_target", "running", "redis", True, True),
        ("cancel_target", "running", "redis", False, False),
        ("cancel_target", "failed", "kafka", True, None),
        ("cancel_run", "running", "redis", True, True),
        ("cancel_run", "failed", "redis", False, False),
        ("retry_target", "failed", "kafka", False, True),
        ("retry_target", "failed", "redis", False, None),
        ("retry_target", "passed", "redis", False, False),
        ("retry_target", "running", "redis", True, False),
        ("retry_all", "failed", "redis", False, True),
        ("retry_all", "passed", "redis", False, False),
        ("digest", "failed", "kafka", False, True),
        ("digest", "failed", "redis", False, False),
        ("page_log", "running", "redis", True, True),
        ("zoom", "running", "redis", True, True),
        ("zoom", "none", "", False, None),
        ("digest", "none", "", False, False),
        ("go", "none", "", False, True),
    ],
)
def test_impossible_actions_are_not_offered(tmp_path: Path, action, kind, target, live, expected):
    state = None
    if kind != "none":
        made = getattr(folders, kind)(tmp_path)
        state = state_of(made)
        made.release()
    found = state.targets.get(target) if state else None
    assert possible(action, state, found, live=live, pages=1, zoomed=False) is expected


@pytest.mark.parametrize(
    ("action", "pages", "zoomed", "expected"),
    [
        ("page", 1, False, False),
        ("page", 2, False, True),
        ("order", 2, False, True),
        ("order", 1, False, None),
        ("order", 2, True, None),
    ],
)
def test_paging_and_ordering_need_several_pages(tmp_path: Path, action, pages, zoomed, expected):
    state = state_of(folders.passed(tmp_path))
    target = state.targets["redis"]
    assert possible(action, state, target, live=False, pages=pages, zoomed=zoomed) is expected


def test_a_target_that_never_started_has_no_log_to_page(tmp_path: Path):
    made = folders.Made(tmp_path, ("redis",)).hold().start()
    state = state_of(made)
    made.release()
    target = state.targets["redis"]
    assert possible("page_log", state, target, live=True, pages=1, zoomed=False) is None


def test_failed_stopped_and_unverified_targets_are_retried(tmp_path: Path):
    made = folders.Made(tmp_path, folders.EIGHT[:5]).start()
    for name in folders.EIGHT[:4]:
        made.begin(name)
    made.fail("all").finish("redis", Outcome.CANCELLED, 6).finish("kafka", Outcome.PASSED, 6)
    made.finish("sqs", Outcome.PASSED, 6)
    for platform in folders.BOTH:
        made.check("kafka", platform, 7).check("sqs", platform, 7, user=Answer.UNKNOWN)
    state = state_of(made.end(Outcome.CANCELLED, 9))
    assert to_retry(state) == ["all", "redis", "sqs", "azure"]


def test_the_failed_lane_is_shown_first(tmp_path: Path):
    state = state_of(folders.failed(tmp_path))
    assert first_lane(state, "kafka") == ("kafka", "linux/arm64")
    assert first_lane(state, "redis") == ("redis", "linux/amd64")
    assert first_lane(state, "nobody") is None


def test_images_that_are_not_verified_have_their_own_summary(tmp_path: Path):
    made = folders.Made(tmp_path, ("redis",)).start().begin("redis").build("redis")
    made.finish("redis", Outcome.PASSED, 7).check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, user=Answer.FAIL, machine=Answer.UNKNOWN)
    target = state_of(made.end(Outcome.FAILED, 9)).targets["redis"]
    failure = failure_of_target(target, made.run)
    assert failure is not None
    assert failure.log_file.endswith("redis.log")
    lines = failure_text(failure, 90).plain.split("\n")
    assert lines[0] == "✗ redis is not verified · linux/arm64"
    assert "machine is unknown: aarch64, linux-aarch64" in lines
    assert "user fails: uid 1000; expected uid 1000" in lines
    assert any(line.startswith("fix    In the final stage, set USER to a") for line in lines)
    made.check("redis", "linux/amd64", 8, user=Answer.FAIL)
    both = verification_failure(state_of(made).targets["redis"])
    assert both is not None
    assert both.platform == ""
    assert both.checks[0] == "linux/amd64 user fails: uid 1000; expected uid 1000"
    passed = state_of(folders.passed(tmp_path / "other")).targets["redis"]
    assert verification_failure(passed) is None
    assert failure_of_target(passed, made.run) is None
    assert failure_of_target(None, made.run) is None


def test_a_failure_summary_has_its_parts_in_order(tmp_path: Path):
    made = folders.failed(tmp_path)
    failure = failure_of_target(state_of(made).targets["kafka"], None)
    assert failure is not None
    lines = failure_text(failure, 60).plain.split("\n")
    assert lines[0] == "✗ kafka failed · linux/arm64"
    assert [line.split()[0] for line in lines if line[0] not in " ✗"] == [
        *("reason", "step", "where", "last", "file"),
    ]
    assert any(">>> RUN uv pip install" in line for line in lines)
    assert max(len(line) for line in lines if line.startswith(("  ", "step"))) <= 60


@pytest.mark.parametrize(
    ("test_only", "text"),
    [
        (False, "Images that are already built are kept."),
        (True, "The run is test only: no images are kept."),
    ],
)
def test_cancelling_a_test_only_run_keeps_no_images(test_only: bool, text: str) -> None:
    assert kept_images_text(test_only=test_only) == text


def test_an_artifact_says_where_it_goes():
    target = TargetInfo(name="cli", variant="cli", platforms=("linux/amd64",))
    target = msgspec.structs.replace(target, artifacts=("local ./out",))
    state = RunState(RunInfo(id="run", created=folders.T0, targets=(target,)))
    state.apply_event(RunStarted(at=NOW, pid=1))
    assert cell_of(state.lanes[0], NOW).details == ("→ ./out",)
    assert "   1 artifact · " in totals_line(state, 80).plain
