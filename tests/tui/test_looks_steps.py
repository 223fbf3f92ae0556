"""Snapshots of the steps of a target and the lanes of a run, in recorded and made-up runs."""

from __future__ import annotations

import pytest

from openhqm_tui.store.run_folder import runs_folder
from tests.recordings import copied, recording
from tests.tui import folders
from tests.tui.conftest import World
from tests.tui.looks import LARGE, SMALL, look

TINY = (60, 20)
OPEN = ("4", "enter", "s")


def _recorded(world: World, name: str) -> None:
    runs_folder(world.state).mkdir(parents=True)
    copied(name, runs_folder(world.state) / recording(name).info.id)


@pytest.mark.parametrize("size", [TINY, SMALL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_a_real_build_of_eight_targets(snap_compare, world: World, size):
    _recorded(world, "cold")
    assert look(snap_compare, world, [*OPEN, "x", "x", "x", "x", "x", "x", "x"], size)


def test_the_whole_run(snap_compare, world: World):
    _recorded(world, "cold")
    assert look(snap_compare, world, [*OPEN, "a", "down"], SMALL)


@pytest.mark.parametrize("name", ["failed", "cancelled", "emulated", "warm"])
def test_runs_with_every_outcome(snap_compare, world: World, name):
    _recorded(world, name)
    assert look(snap_compare, world, OPEN)


def test_cached_steps_hidden(snap_compare, world: World):
    _recorded(world, "warm")
    assert look(snap_compare, world, [*OPEN, "full_stop"])


def test_the_end_of_the_list(snap_compare, world: World):
    _recorded(world, "cold")
    assert look(snap_compare, world, [*OPEN, "end"])


def test_running_steps(snap_compare, world: World):
    made = folders.running(world.state)
    assert look(snap_compare, world, ["s", "down", "down"], SMALL, made=made, opened=True)


def test_one_lane_with_long_names(snap_compare, world: World):
    made = folders.Made(world.state, {"my-very-long-target-name": ("linux/arm64",)}).hold().start()
    made.begin("my-very-long-target-name", 0)
    stage = "a-stage-of-a-very-long-name"
    made.step("my-very-long-target-name", f"[{stage} 1/2] COPY --link here there", 1, 4)
    made.step("my-very-long-target-name", f"[{stage} 2/2] RUN {'echo and ' * 60}", 5)
    assert look(snap_compare, world, ["s", "end"], made=made, opened=True)


def test_a_run_without_started_steps(snap_compare, world: World):
    made = folders.Made(world.state).hold().start()
    assert look(snap_compare, world, ["s"], made=made, opened=True)
