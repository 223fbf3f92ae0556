"""The rows of the board: cells, bars, widths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.names import shortened
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import CancelRequested, Outcome, OutputStalled
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import STATUS_TEXTS, Status
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.tui.run.board import BoardView, heading, row
from openhqm_tui.tui.run.board_rows import (
    BarPart,
    BoardCell,
    TargetSpans,
    axis_of,
    bar_of,
    cell_of,
    cell_words,
    columns_of,
    shared_with,
    spans_of,
    widths,
)
from openhqm_tui.tui.steps.chart import Axis
from tests.recordings import recording, state_of
from tests.tui import folders

Make = Callable[[folders.Made], object]


def made_run(tmp_path: Path, make: Make, *targets: str, live: bool = True) -> RunState:
    made = folders.Made(tmp_path, targets or ("redis",)).hold().start()
    make(made)
    if not live:
        made.release()
    state = read_run(made.run)
    made.release()
    return state


def building(made: folders.Made) -> folders.Made:
    return made.begin("redis").build("redis", 3)


def built(made: folders.Made) -> folders.Made:
    return made.begin("redis").build("redis", 5).finish("redis", Outcome.PASSED, 7.4)


def stopping(made: folders.Made) -> None:
    building(made).run.append(CancelRequested(at=made.at(9), target="redis"))


def silent(made: folders.Made) -> None:
    event = OutputStalled(at=made.at(9), target="redis", since=made.at(3), step="core 2/2")
    building(made).run.append(event)


def checking(made: folders.Made) -> None:
    built(made)
    for platform, check in (("linux/amd64", ""), ("linux/arm64", "service")):
        made.run.append(
            events.CheckStarted(at=made.at(8), target="redis", platform=platform, check=check)
        )


def checked(**answers: Answer) -> Make:
    def make(made: folders.Made) -> None:
        built(made)
        for platform in folders.BOTH:
            made.check("redis", platform, 7.6, **answers)

    return make


def warned(made: folders.Made) -> None:
    made.begin("redis")
    made.write("redis", {"warnings": [{"vertex": "x", "short": "U2hvcnQ=", "level": 1}]})
    made.build("redis", 5).finish("redis", Outcome.PASSED, 7.4)
    made.check("redis", "linux/amd64", 7.6)


def cut_off(made: folders.Made) -> None:
    building(made).release()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda made: None, ["· queued", "· queued"]),
        (lambda made: made.begin("redis"), ["▸ building 0:11", "▸ building 0:11"]),
        (building, ["▸ building backend 1/1 0:09  3/5", "▸ building backend 1/1 0:07  3/5"]),
        (silent, ["◌ silent   0:09", "◌ silent   0:09"]),
        (stopping, ["⊘ stopping", "⊘ stopping"]),
        (built, ["· queued   for checks 0:04", "· queued   for checks 0:04"]),
        (checking, ["◆ checking 0:04", "◆ checking 0:04  service"]),
        (checked(), ["✓ verified 60.2 MB  4.7 s", "✓ verified 61.4 MB  7.1 s"]),
        (
            checked(clients=Answer.FAIL, user=Answer.UNKNOWN),
            ["✗ check failed clients", "✗ check failed clients"],
        ),
        (
            checked(clients=Answer.FAIL, user=Answer.FAIL, service=Answer.FAIL),
            ["✗ check failed clients +2", "✗ check failed clients +2"],
        ),
        (
            checked(user=Answer.UNKNOWN, service=Answer.UNKNOWN),
            ["? not verified user, service", "? not verified user, service"],
        ),
        (warned, ["✓ verified 60.2 MB  4.7 s  ! 1 warning", "· queued   for checks 0:04"]),
        (
            lambda made: made.begin("redis").fail("redis"),
            ["− stopped  with arm64", "✗ failed   backend 1/1  exit code 1"],
        ),
        (
            lambda made: building(made).finish("redis", Outcome.CANCELLED, 6),
            ["⊘ cancelled", "⊘ cancelled"],
        ),
        (cut_off, ["! interrupted", "! interrupted"]),
    ],
)
def test_a_cell_says_what_happens_to_an_image(tmp_path: Path, make: Make, expected: list[str]):
    state = made_run(tmp_path, make)
    cells = [cell_of(lane, folders.T0 + 12) for lane in state.lanes]
    assert ["".join(cell_words(cell, 50)).rstrip() for cell in cells] == expected


BUILDING = BoardCell(
    STATUS_TEXTS[Status.RUNNING], ("core 2/2 0:09  3/5", "core 2/2 0:09", "0:09  3/5", "0:09")
)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (40, "▸ building core 2/2 0:09  3/5"),
        (28, "▸ building core 2/2 0:09"),
        (20, "▸ building 0:09  3/5"),
        (19, "▸ building 0:09"),
        (14, "▸ building"),
        (9, "▸"),
        (1, "▸"),
    ],
)
def test_a_cell_shows_as_much_as_fits(room: int, expected: str):
    words = "".join(cell_words(BUILDING, room))
    assert words == expected
    assert len(words) <= room


def vertex(name: str, platform: str, *inputs: str, **more: object) -> dict[str, object]:
    return {"digest": name, "name": f"[{platform} {name} 1/1] RUN x", "inputs": inputs, **more}


@pytest.mark.parametrize(
    ("vertexes", "expected"),
    [
        # arm64 waits for a step that runs under the name of amd64.
        (
            [
                vertex("a", "linux/amd64", started="2026-11-23T15:14:02Z"),
                vertex("b", "linux/arm64", "a"),
            ],
            "linux/amd64",
        ),
        # Also for one further up.
        (
            [
                vertex("a", "linux/amd64", started="2026-11-23T15:14:02Z"),
                vertex("b", "linux/amd64", "a"),
                vertex("c", "linux/arm64", "b"),
            ],
            "linux/amd64",
        ),
        # It works itself.
        (
            [
                vertex("a", "linux/amd64", started="2026-11-23T15:14:02Z"),
                vertex("b", "linux/arm64", "a"),
                vertex("c", "linux/arm64", started="2026-11-23T15:14:02Z"),
            ],
            None,
        ),
        # It waits for nothing that runs.
        ([vertex("a", "linux/amd64", cached=True), vertex("b", "linux/arm64", "a")], None),
        # Steps that wait for each other, in a damaged stream.
        ([vertex("a", "linux/arm64", "b"), vertex("b", "linux/arm64", "a")], None),
    ],
)
def test_work_under_the_name_of_another_platform_is_recognized(tmp_path, vertexes, expected):
    def make(made: folders.Made) -> None:
        made.begin("redis").write("redis", {"vertexes": vertexes})

    arm = made_run(tmp_path, make).lanes[1]
    other = shared_with(arm)
    assert (str(other.platform) if other is not None else None) == expected
    if expected:
        assert cell_words(cell_of(arm, folders.T0 + 12), 30) == ("↔ shared  ", " with amd64")


def bar(told: TargetSpans, width: int = 10) -> str:
    return "".join(char for char, _ in bar_of(told, Axis(0.0, 10.0, width))).rstrip()


def spans(queued=(), built=(), checked=(), failed=(), cached_at=None, running=False) -> TargetSpans:
    return TargetSpans(queued, built, checked, failed, cached_at, running)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (spans(), ""),
        (spans(queued=[(0, 4)]), "····"),
        (spans(queued=[(0, 2)], built=[(2, 5)]), "··███"),
        (spans(built=[(0, 3)], queued=[(3, 6)], checked=[(6, 8)]), "███···▒▒"),
        # What is checked at last covers no building, and hides waiting.
        (spans(built=[(0, 5)], checked=[(3, 8)], queued=[(5, 9)]), "█████▒▒▒·"),
        (spans(built=[(0, 6)], failed=[(4, 6)]), "██████✗"),
        (spans(built=[(0, 10)], failed=[(10, 10)]), "█████████✗"),
        # The end of a bar that grows is drawn to an eighth of a cell.
        (spans(built=[(0, 3.5)], running=True), "███▌"),
        (spans(built=[(0, 3.0)], running=True), "███▏"),
        # What took no time is visible too.
        (spans(built=[(2, 2)]), "  █"),
        (spans(checked=[(2, 2.01)]), "  ▒"),
        (spans(cached_at=1.0, queued=[(1, 4)], checked=[(4, 5)]), " ▪··▒"),
        # What is outside the axis is left out.
        (spans(built=[(-5, -1), (11, 12)]), ""),
    ],
)
def test_a_bar_shows_when_a_target_waited_was_built_and_checked(told: TargetSpans, expected: str):
    assert bar(told) == expected


_span = st.tuples(st.floats(-5, 15), st.floats(-5, 15)).map(sorted).map(tuple)
_spans = st.lists(_span, max_size=4)


@given(_spans, _spans, _spans, _spans, st.booleans(), st.integers(0, 30))
def test_a_bar_is_as_wide_as_its_axis(queued, built, checked, failed, running, width):
    told = TargetSpans(queued, built, checked, failed, None, running)
    cells = bar_of(told, Axis(0.0, 10.0, width))
    assert len(cells) == width
    assert all(isinstance(part, BarPart) and len(char) == 1 for char, part in cells)


def test_waiting_for_a_slot_and_for_checks_is_shown_apart_from_work(tmp_path: Path):
    def make(made: folders.Made) -> None:
        built(made)
        for platform, at in (("linux/amd64", 9.0), ("linux/arm64", 10.5)):
            made.check("redis", platform, at)

    state = made_run(tmp_path, make)
    told = spans_of(state.targets["redis"], folders.T0 + 12)
    relative = [
        [(round(a - folders.T0, 1), round(b - folders.T0, 1)) for a, b in one] for one in told[:3]
    ]
    assert relative == [
        [(0.0, 0.5), (7.4, 9.0), (7.4, 10.5)],
        [(0.5, 7.4)],
        [(9.0, 9.9), (10.5, 11.4)],
    ]


@pytest.mark.parametrize(
    ("elapsed", "left", "length"),
    [
        (0.0, None, 10),
        (8.9, None, 10),
        (9.5, None, 15),
        (12.0, 30.0, 45),
        (100.0, None, 120),
        (4000.0, None, 5400),
        (200_000.0, None, 200_001),
    ],
)
def test_the_axis_of_a_live_run_grows_in_large_steps(tmp_path: Path, elapsed, left, length):
    state = made_run(tmp_path, building)
    axis = axis_of(state, folders.T0 + elapsed, 20, left)
    assert (axis.start, axis.end - axis.start) == (folders.T0, length)


def test_the_axis_of_a_finished_run_ends_with_it():
    state = state_of(recording("checked"))
    axis = axis_of(state, state.last_at + 500, 20)
    assert axis.end == state.ended


@pytest.mark.parametrize(
    ("width", "longest", "platforms", "expected"),
    [
        (60, 7, 2, (7, 24, 2, 0)),
        (80, 7, 2, (7, 26, 2, 17)),
        (120, 7, 2, (7, 35, 2, 39)),
        (200, 7, 2, (7, 36, 2, 80)),
        (80, 60, 2, (16, 23, 2, 14)),
        (120, 7, 1, (7, 36, 1, 73)),
        (44, 7, 2, (7, 16, 2, 0)),
        (80, 7, 9, (7, 9, 7, 0)),
    ],
)
def test_the_width_is_given_to_cells_then_to_the_bar(width, longest, platforms, expected):
    assert widths(width, longest, platforms) == expected


@given(st.integers(1, 250), st.integers(1, 90), st.integers(1, 12))
def test_the_parts_never_take_more_than_the_width(width, longest, platforms):
    name, cell, cells, bar_width = widths(width, longest, platforms)
    assert min(name, cells) >= 1
    assert min(cell, bar_width) >= 0
    assert 4 + name + cell * cells + bar_width <= max(width, 4 + name)


@pytest.mark.parametrize("width", [30, 44, 60, 80, 120, 200])
@pytest.mark.parametrize("name", ["checked", "bake_fails", "emulated", "cancelled", "verified"])
def test_all_rows_are_as_wide_as_their_headings(name: str, width: int):
    state = state_of(recording(name))
    platforms = tuple(columns_of(state))
    wide = widths(width, max(len(target) for target in state.targets), len(platforms))
    names = shortened(state.targets, wide.name)
    view = BoardView(platforms, wide, axis_of(state, state.last_at, wide.bar), names)
    head = heading(state, view).cell_length
    for target in state.targets.values():
        for marked in (False, True):
            assert row(target, view, state.last_at, marked=marked).cell_length == head <= width
