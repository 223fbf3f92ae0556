"""Every place as it looks, at two sizes; accept changes with `make snapshots` after looking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openhqm_tui.domain.verdicts import Answer
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World
from tests.tui.looks import MIDDLE, SMALL, look

CASES: dict[str, tuple[Callable[[World], folders.Made | None], list[str]]] = {
    "plan_empty": (lambda w: None, []),
    "plan_chosen": (lambda w: folders.failed(w.state, ("all", "redis", "kafka")), ["a", "down"]),
    "run_none": (lambda w: None, ["2"]),
    "run_building": (lambda w: folders.running(w.state), ["2"]),
    "run_sixteen_lanes": (lambda w: folders.running(w.state, folders.EIGHT), ["2"]),
    "run_failed": (lambda w: folders.failed(w.state), ["4", "enter"]),
    "run_passed_zoomed": (lambda w: folders.passed(w.state), ["4", "enter", "z"]),
    "checks": (lambda w: _checked(w), ["4", "enter", "3", "f"]),
    "history": (lambda w: _two(w), ["4"]),
    "doctor": (lambda w: None, ["5"]),
    "help": (lambda w: None, ["question_mark"]),
}


def _checked(world: World) -> folders.Made:
    made = folders.passed(world.state, ("redis",))
    made.check("redis", "linux/arm64", 8, clients=Answer.FAIL, machine=Answer.UNKNOWN)
    return made


def _two(world: World) -> folders.Made:
    folders.passed(world.state, id="20261122-150000-77aa", created=folders.T0 - 86400)
    return folders.failed(world.state)


def show(snap_compare, world: World, case: str, size, theme: str = "openhqm-dark") -> bool:
    make, keys = CASES[case]
    return look(snap_compare, world, keys, size, made=make(world), theme=theme)


# What has nothing more to show where there is more room.
ONCE = {"plan_empty", "run_none", "history", "help"}


@pytest.mark.parametrize("case", list(CASES))
def test_looks_at_80x24(snap_compare, world: World, case):
    assert show(snap_compare, world, case, SMALL)


@pytest.mark.parametrize("case", [case for case in CASES if case not in ONCE])
def test_looks_at_120x40(snap_compare, world: World, case):
    assert show(snap_compare, world, case, MIDDLE)


def test_looks_in_light(snap_compare, world: World):
    assert show(snap_compare, world, "run_failed", MIDDLE, "openhqm-light")


def test_looks_in_the_terminals_own_colours(snap_compare, world: World):
    assert show(snap_compare, world, "run_failed", MIDDLE, "ansi-dark")


def test_looks_without_colour(snap_compare, world: World, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert show(snap_compare, world, "run_failed", MIDDLE)


def test_looks_without_an_engine(snap_compare, world: World):
    world.facts = NO_ENGINE
    assert show(snap_compare, world, "plan_empty", SMALL)
