"""Kill -9 on the real engine, once each; `python -m tests.soak` does it often at random times."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhqm_tui.store.run_folder import RunFolder
from tests.soak import promises
from tests.soak.material import Material, talking
from tests.soak.place import Place, following, runner_of, until
from tests.soak.terminal import Console

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/killed"


@pytest.fixture
def place(tmp_path: Path, remove_images: Callable[[str], None]) -> Iterator[Place]:
    remove_images(NAME)
    place = Place(tmp_path / "place", secrets.token_hex(8))
    yield place
    place.close()


@pytest.fixture
def material(place: Place) -> Material:
    """Three targets that print for some seconds, on this machine's own platform only."""
    return talking(place.path / "talking", place.mark, platforms="linux/amd64", name=NAME)


def until_it_prints(run: RunFolder) -> None:
    """Wait until a target is in the middle of its output."""
    with following(run) as follower:

        def prints() -> bool:
            follower.poll()
            lines = [text for lane in follower.state.lanes for text in lane.log.last(50)]
            return any(" says 2" in line for line in lines)

        until(prints, "a target prints")
        assert follower.state.in_progress


def test_killing_a_console_does_not_affect_its_run(place: Place, material: Material) -> None:
    run = place.build(material)
    console = Console(place, material.folder, run)
    try:
        console.wait_for("amd64")
        until_it_prints(run)
    finally:
        console.close()
    state = promises.passed(run)
    promises.streams_are_complete(run, state)
    promises.shown_whole(place.run("attach", run.path.name, "--format", "json"), run, state)
    until(lambda: not run.is_live(), "the runner has exited")
    promises.nothing_left(run)


def test_a_killed_runner_is_reported_and_its_run_resumed(place: Place, material: Material) -> None:
    run = place.build(material)
    until_it_prints(run)
    os.kill(runner_of(run), signal.SIGKILL)
    with following(run) as follower:

        def interrupted() -> bool:
            follower.poll()
            return follower.state.interrupted

        until(interrupted, "the interruption is noticed")
    assert b'"interrupted"' in place.run("runs", "--format", "json")
    place.run("resume", run.path.name, "--format", "plain")
    until(lambda: not run.is_live(), "the runner has exited")
    promises.nothing_left(run)
    state = promises.passed(run)
    assert {target.attempt for target in state.targets.values()} == {2}
    promises.streams_are_complete(run, state)
