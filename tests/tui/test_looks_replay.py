"""Snapshots of a replay: playing, paused, finished, narrow."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.run.follow.replay import Player, Recording
from tests.recordings import recording
from tests.tui.conftest import World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look

NARROW = (60, 20)


def player(world: World, position: float = 0.0, *, paused: bool = False) -> dict[str, Any]:
    """Return the arguments for a console on a replay at `position`, with a stopped clock."""
    # What is worked on at a moment of a replay depends on how much of it was read at once.
    world.run_view = "panes"
    made = Player(Recording(recording("cold")), speed=10.0, clock=lambda: world.clock)
    made.jump(position)
    made.pause(paused=paused)
    return {"player": made}


@pytest.mark.parametrize("size", [SMALL, LARGE, NARROW], ids="{0[0]}x{0[1]}".format)
def test_a_running_replay(snap_compare, world: World, size):
    assert look(snap_compare, world, (), size, **player(world, 30.0))


def test_a_paused_replay(snap_compare, world: World):
    assert look(snap_compare, world, (), **player(world, 30.0, paused=True))


def test_a_finished_replay(snap_compare, world: World):
    assert look(snap_compare, world, (), MIDDLE, **player(world, 1000.0))


def test_a_replay_on_the_checks_screen(snap_compare, world: World):
    assert look(snap_compare, world, ("3",), MIDDLE, **player(world, 45.0))
