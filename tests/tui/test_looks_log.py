"""Snapshots of a log being read, searched, filtered and marked, and of the search in all lanes."""

from __future__ import annotations

import pytest

from tests.tui import folders
from tests.tui.conftest import World
from tests.tui.logs import long_log
from tests.tui.looks import LARGE, MIDDLE, SMALL, look

LOGS = [
    ("read", ["tab", "pageup"], SMALL),
    ("typed", ["tab", "slash", *"alpha 7"], SMALL),
    ("no-expression", ["tab", "slash", "("], SMALL),
    ("kept", ["tab", "g", "slash", *"alpha 7", "enter", "n"], MIDDLE),
    ("errors", ["tab", "e"], SMALL),
    ("no-errors", ["tab", "tab", "e"], SMALL),
    ("wrapped-with-times", ["tab", "z", "t", "w"], SMALL),
    ("stderr", ["tab", "x"], MIDDLE),
    ("step", ["tab", "e", "x", "x"], SMALL),
    ("nothing-on-stderr", ["tab", "tab", "x"], SMALL),
    ("marked", ["tab", "e", "v", "j", "j"], MIDDLE),
    ("all-lanes", ["f", *"alpha 7|gamma"], SMALL),
    ("all-lanes-large", ["f", *"alpha 7|gamma", "down"], LARGE),
    ("all-lanes-nothing", ["f", *"nowhere"], SMALL),
    ("all-lanes-empty", ["f"], SMALL),
]


@pytest.mark.parametrize(("name", "keys", "size"), LOGS, ids=[name for name, _, _ in LOGS])
def test_a_log(snap_compare, world: World, name, keys, size):
    assert look(snap_compare, world, keys, size, made=long_log(world), opened=True)


def test_a_log_in_the_light_theme(snap_compare, world: World):
    keys = ["tab", "e", "v", "j"]
    made = long_log(world)
    assert look(snap_compare, world, keys, made=made, opened=True, theme="openhqm-light")


def test_sixteen_lanes_searched(snap_compare, world: World):
    made = folders.running(world.state, folders.EIGHT)
    assert look(snap_compare, world, ["f", *"packages"], MIDDLE, made=made, opened=True)
