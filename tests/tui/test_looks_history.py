"""Snapshots of the History screen."""

from __future__ import annotations

import pytest

from openhqm_tui.store.history.database import History
from tests.synthetic import synthetic_runs
from tests.tui import folders
from tests.tui.conftest import World
from tests.tui.looks import LARGE, SMALL, look

LONG = ("my-very-long-target-name-that-never-ends", "another-one-of-the-same-kind")


def _every_kind(world: World) -> folders.Made:
    """Runs with every outcome, and one in progress."""
    state, day = world.state, 86400
    folders.passed(state, id="20261121-151400-aa01", created=folders.T0 - 2 * day)
    folders.failed(state, LONG, id="20261122-151400-aa02", created=folders.T0 - day)
    folders.Made(state, id="20261122-161400-aa03", created=folders.T0 - day + 3600).start().begin(
        "redis"
    )
    folders.passed(
        state, ("redis",), id="20261122-171400-aa04", created=folders.T0 - day + 7200, check=False
    )
    return folders.running(state, folders.EIGHT)


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids="{0[0]}x{0[1]}".format)
def test_runs_of_every_kind(snap_compare, world: World, size):
    assert look(snap_compare, world, ["4", "down"], size, made=_every_kind(world), opened=True)


def test_no_run_yet(snap_compare, world: World):
    assert look(snap_compare, world, ["4"])


def test_more_runs_than_rows(snap_compare, world: World):
    for number in range(60):
        created = folders.T0 - 3600.0 * number
        folders.passed(
            world.state, ("redis",), id=f"20261120-1514{number:02}-3fa9", created=created
        )
    assert look(snap_compare, world, ["4", "pagedown", "pagedown"])


def _add_runs(world: World, many: int) -> None:
    world.state.mkdir(exist_ok=True)
    with History(world.state) as history:
        for run in synthetic_runs(many):
            history.put(run, 1)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_trends(snap_compare, world: World, size):
    _add_runs(world, 60)
    assert look(snap_compare, world, ["4", "t", "down"], size)


def test_a_comparison_of_two_runs(snap_compare, world: World):
    _add_runs(world, 60)
    assert look(snap_compare, world, ["4", "x", "down", "down", "c"], SMALL)
