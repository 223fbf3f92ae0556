"""How the guides look."""

from __future__ import annotations

import pytest

from tests.tui.conftest import World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE, (60, 20)])
def test_a_guide(snap_compare, world: World, size):
    assert look(snap_compare, world, ["f1"], size)


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
def test_its_end(snap_compare, world: World, size):
    assert look(snap_compare, world, ["f1", "end"], size)


@pytest.mark.parametrize("theme", ["light", "contrast", "terminal"])
def test_in_other_colours(snap_compare, world: World, theme):
    assert look(snap_compare, world, ["f1"], MIDDLE, theme=f"openhqm-{theme}")


def test_the_list_on_a_small_screen(snap_compare, world: World):
    assert look(snap_compare, world, ["f1", "tab"], SMALL)


@pytest.mark.parametrize("key", ["t", "l", "question_mark"])
def test_what_is_asked_over_it(snap_compare, world: World, key):
    assert look(snap_compare, world, ["f1", key], SMALL)


def test_what_was_found(snap_compare, world: World):
    assert look(snap_compare, world, ["f1", "slash", *"zebra", "enter", "n"], SMALL)
