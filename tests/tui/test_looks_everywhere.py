"""How what belongs to no place looks: help, palette, questions, the first hint, other colours."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run.events import Outcome
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look

PLACES = {"1": "plan", "2": "run", "3": "checks", "4": "history", "5": "doctor"}


@pytest.mark.parametrize("key", list(PLACES), ids=list(PLACES.values()))
def test_the_help_of_each_place(snap_compare, world: World, key):
    assert look(snap_compare, world, [key, "question_mark"], MIDDLE, made=_failed(world))


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)])
def test_help_at_other_sizes(snap_compare, world: World, size):
    assert look(snap_compare, world, ["2", "question_mark"], size, made=_failed(world))


def test_the_palette(snap_compare, world: World):
    assert look(snap_compare, world, ["2", "ctrl+p"], made=_failed(world))


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
def test_quitting_while_a_run_goes_on(snap_compare, world: World, size):
    made = folders.running(world.state)
    assert look(snap_compare, world, ["2", "q"], size, made=made, opened=True)


@pytest.mark.parametrize("size", [SMALL, MIDDLE, (60, 20)])
def test_the_one_run_that_goes_on(snap_compare, world: World, size):
    folders.passed(world.state, id="20261121-151400-aa01", created=folders.T0 - 86400)
    assert look(snap_compare, world, [], size, made=folders.running(world.state))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, (60, 20)])
def test_several_runs_that_go_on(snap_compare, world: World, size):
    folders.Made(
        world.state, folders.EIGHT, id="20261123-1", created=folders.T0 - 60
    ).hold().start()
    made = folders.running(world.state, ("redis", "kafka"))
    assert look(snap_compare, world, ["down"], size, made=made.finish("redis", Outcome.FAILED, 5))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, (60, 20)])
def test_a_run_that_was_cut_off(snap_compare, world: World, size):
    made = folders.running(world.state, folders.EIGHT)
    made.release()
    assert look(snap_compare, world, [], size)


@pytest.mark.parametrize("size", [SMALL, MIDDLE, (60, 20)])
def test_the_first_time(snap_compare, world: World, size):
    assert look(snap_compare, world, [], size)


@pytest.mark.parametrize("key", list(PLACES), ids=list(PLACES.values()))
def test_each_place_without_an_engine(snap_compare, world: World, key):
    world.facts = NO_ENGINE
    assert look(snap_compare, world, [key])


@pytest.mark.parametrize("theme", ["light", "contrast", "terminal"])
@pytest.mark.parametrize("key", list(PLACES), ids=list(PLACES.values()))
def test_each_place_in_other_colours(snap_compare, world: World, key, theme):
    made = _failed(world)
    assert look(
        snap_compare, world, [key], MIDDLE, made=made, opened=True, theme=f"openhqm-{theme}"
    )


@pytest.mark.parametrize("key", list(PLACES), ids=list(PLACES.values()))
def test_each_place_without_colour(snap_compare, world: World, key, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert look(snap_compare, world, [key], made=_failed(world), opened=True)


def _failed(world: World) -> folders.Made:
    return folders.failed(world.state, ("all", "redis", "kafka"))
