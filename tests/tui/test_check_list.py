"""The body of a live pane once its image is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.tui.run.check_list import check_list, lists_checks
from tests.tui import folders

AMD = "linux/amd64"


def lane_of(tmp_path: Path, make: Callable[[folders.Made], object]) -> LaneState:
    made = folders.Made(tmp_path, ("redis",)).hold().start().begin("redis").build("redis", 5)
    make(made.finish("redis", Outcome.PASSED, 7.4))
    state = read_run(made.run)
    made.release()
    return state.lanes[0]


def started(made: folders.Made, check: str = "") -> None:
    event = events.CheckStarted(at=made.at(8), target="redis", platform=AMD, check=check)
    made.run.append(event)


def lines(lane: LaneState, width: int = 40, height: int = 8, **more: tuple[str, ...]) -> list[str]:
    found = check_list(lane, folders.T0 + 12, width, height, *more.values()).plain.split("\n")
    return [line.rstrip() for line in found]


def test_while_checks_run_their_time_and_names_are_shown(tmp_path: Path):
    lane = lane_of(tmp_path, started)
    assert lists_checks(lane)
    shown = lines(lane, expected=("index", "user"))
    assert shown[0] == "◆ running all checks · 0:04"
    assert [line[:9].rstrip() for line in shown[1:]] == ["· index", "· user"]
    assert len(lines(lane, height=2, expected=("index", "user"))) == 2


def test_what_did_not_pass_comes_first(tmp_path: Path):
    lane = lane_of(
        tmp_path, lambda made: made.check("redis", AMD, 8, user=Answer.FAIL, size=Answer.WARN)
    )
    shown = lines(lane)
    assert shown[0].startswith("✗ failed  60.2 MB · 4.7 s · checks 0.9 s")
    assert shown[2:4] == [
        "✗ user          fail: uid 1000",
        "! size          warn: 60.2 MB of 70 MB",
    ]
    assert shown[4].startswith("✓ index")
    assert shown[-1] == "✓ 16 more checks passed"


def test_what_is_left_out_is_not_called_passed_unless_it_is(tmp_path: Path):
    failing = {"user": Answer.FAIL, "size": Answer.WARN, "service": Answer.UNKNOWN}
    lane = lane_of(tmp_path, lambda made: made.check("redis", AMD, 8, **failing))
    assert lines(lane, height=4)[-1] == "  20 more results in Checks (3)"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (10, 3), (40, 2), (200, 50)])
def test_it_fits_any_size(tmp_path: Path, width: int, height: int):
    lane = lane_of(tmp_path, lambda made: made.check("redis", AMD, 8, user=Answer.FAIL))
    shown = lines(lane, width, height)
    assert len(shown) <= height
    assert all(len(line) <= width for line in shown)


def test_before_and_after_a_failed_build_there_are_no_checks(tmp_path: Path):
    assert not lists_checks(lane_of(tmp_path, lambda made: None))


def test_one_repeated_check_is_named_above_the_results_before(tmp_path: Path):
    def again(made: folders.Made) -> None:
        made.check("redis", AMD, 7.5)
        started(made, "user")

    shown = lines(lane_of(tmp_path, again))
    assert shown[0] == "◆ running the check user · 0:04"
    assert "  results before:" in shown
