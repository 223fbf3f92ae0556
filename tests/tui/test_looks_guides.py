"""Snapshots of the guides."""

from __future__ import annotations

import pytest

from tests.tui.conftest import World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids="{0[0]}x{0[1]}".format)
def test_a_guide(snap_compare, world: World, size):
    assert look(snap_compare, world, ["f1"], size)


def test_the_end_of_a_guide(snap_compare, world: World):
    assert look(snap_compare, world, ["f1", "end"], SMALL)


def test_a_guide_in_the_light_theme(snap_compare, world: World):
    assert look(snap_compare, world, ["f1"], MIDDLE, theme="openhqm-light")


def test_the_list_on_a_small_screen(snap_compare, world: World):
    assert look(snap_compare, world, ["f1", "tab"], SMALL)


@pytest.mark.parametrize("key", ["t", "l"])
def test_a_dialog_over_a_guide(snap_compare, world: World, key):
    assert look(snap_compare, world, ["f1", key], SMALL)


def test_search_results(snap_compare, world: World):
    assert look(snap_compare, world, ["f1", "slash", *"zebra", "enter", "n"], SMALL)
