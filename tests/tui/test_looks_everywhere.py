"""Snapshots of shared parts: help, palette, dialogs, the first hint, other themes."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run.events import Outcome
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World
from tests.tui.looks import MIDDLE, SMALL, look

NARROW = (60, 20)
PLACES = {"1": "plan", "2": "run", "3": "checks", "4": "history", "5": "doctor"}


@pytest.mark.parametrize("key", ["1", "2", "4"], ids=["plan", "run", "history"])
def test_the_help_of_each_screen(snap_compare, world: World, key):
    assert look(snap_compare, world, [key, "question_mark"], MIDDLE, made=_failed(world))


def test_help_on_a_narrow_screen(snap_compare, world: World):
    assert look(snap_compare, world, ["2", "question_mark"], NARROW, made=_failed(world))


def test_the_palette(snap_compare, world: World):
    assert look(snap_compare, world, ["2", "ctrl+p"], made=_failed(world))


def test_quitting_during_a_run(snap_compare, world: World):
    made = folders.running(world.state)
    assert look(snap_compare, world, ["2", "q"], made=made, opened=True)


def test_one_active_run(snap_compare, world: World):
    folders.passed(world.state, id="20261121-151400-aa01", created=folders.T0 - 86400)
    assert look(snap_compare, world, [], made=folders.running(world.state))


@pytest.mark.parametrize("size", [SMALL, NARROW], ids=["80x24", "60x20"])
def test_several_active_runs(snap_compare, world: World, size):
    folders.Made(
        world.state, folders.EIGHT, id="20261123-1", created=folders.T0 - 60
    ).hold().start()
    made = folders.running(world.state, ("redis", "kafka"))
    assert look(snap_compare, world, ["down"], size, made=made.finish("redis", Outcome.FAILED, 5))


def test_an_interrupted_run(snap_compare, world: World):
    made = folders.running(world.state, folders.EIGHT)
    made.release()
    assert look(snap_compare, world, [])


@pytest.mark.parametrize("size", [SMALL, NARROW], ids=["80x24", "60x20"])
def test_the_first_start(snap_compare, world: World, size):
    assert look(snap_compare, world, [], size)


@pytest.mark.parametrize("key", ["1", "5"], ids=["plan", "doctor"])
def test_each_screen_without_an_engine(snap_compare, world: World, key):
    world.facts = NO_ENGINE
    assert look(snap_compare, world, [key])


@pytest.mark.parametrize(
    ("key", "theme"),
    [*((key, "light") for key in PLACES), ("2", "contrast"), ("2", "terminal")],
    ids=[*(f"{name}-light" for name in PLACES.values()), "run-contrast", "run-terminal"],
)
def test_each_screen_in_other_themes(snap_compare, world: World, key, theme):
    made = _failed(world)
    assert look(
        snap_compare, world, [key], MIDDLE, made=made, opened=True, theme=f"openhqm-{theme}"
    )


def test_a_table_of_checkboxes_without_color(snap_compare, world: World, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert look(snap_compare, world, ["1"], made=_failed(world), opened=True)


def _failed(world: World) -> folders.Made:
    return folders.failed(world.state, ("all", "redis", "kafka"))
