"""Snapshots of the Checks screen and of the evidence of a verdict."""

from __future__ import annotations

import msgspec
import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from tests.tui import folders
from tests.tui.conftest import World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look

NARROW = (60, 20)
ARM = ("redis", "linux/arm64")


def mixed(world: World) -> folders.Made:
    """A live run in which every status occurs."""
    made = folders.Made(world.state, ("redis", "kafka", "gcp", "sqs")).hold().start()
    made.begin("redis").build("redis", 5).finish("redis", Outcome.PASSED, 7.4)
    made.check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, machine=Answer.FAIL, clients=Answer.UNKNOWN)
    made.run.evidence_file(*ARM).write_bytes(
        msgspec.json.format(
            msgspec.json.encode(
                {
                    "image": "openhqm@sha256:82df75d2",
                    "platform": "linux/arm64",
                    "emulated": True,
                    "config": {"os": "linux", "arch": "arm64"},
                    "command": "docker run --rm --pull never --platform linux/arm64 "
                    "--network none --read-only --cap-drop ALL --entrypoint python "
                    'openhqm@sha256:82df75d2 -c "$(cat /opt/probe.py)" redis=redis',
                    "probe": {"machine": "aarch64", "python": "3.13.5"},
                    "exit_code": 0,
                    "stderr": "",
                }
            ),
            indent=2,
        )
    )
    made.begin("kafka").fail("kafka")
    made.begin("gcp").build("gcp", 5).finish("gcp", Outcome.PASSED, 7.4)
    made.check("gcp", "linux/amd64", 7.6, user=Answer.WARN)
    made.run.append(
        events.CheckStarted(at=made.at(9), target="gcp", platform="linux/arm64", emulated=True)
    )
    return made.begin("sqs").build("sqs", 2)


def cancelled(world: World) -> folders.Made:
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis", 5)
    made.finish("redis", Outcome.PASSED, 7.4).check("redis", "linux/amd64", 7.6)
    made.run.append(events.CheckCancelled(at=made.at(8), target="redis", platform="linux/arm64"))
    return made.end(Outcome.CANCELLED, 9)


def unchecked(world: World) -> folders.Made:
    made = folders.Made(world.state, ("redis",), check=False).start().begin("redis")
    return made.build("redis", 5).finish("redis", Outcome.PASSED, 7.4).end(Outcome.PASSED, 9)


def eight(world: World) -> folders.Made:
    return folders.passed(world.state, folders.EIGHT)


def long_names(world: World) -> folders.Made:
    name = "a-target-with-a-name-that-is-longer-than-anyone-wants-to-read"
    made = folders.Made(world.state, {name: ("linux/amd64", "linux/arm/v7")}).start().begin(name)
    made.finish(name, Outcome.PASSED, 7.4).check(name, "linux/amd64", 7.6)
    return made.check(name, "linux/arm/v7", 7.6, index=Answer.FAIL).end(Outcome.FAILED, 9)


@pytest.mark.parametrize("size", [NARROW, SMALL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_every_status(snap_compare, world: World, size):
    assert look(snap_compare, world, ["3"], size, made=mixed(world), opened=True)


@pytest.mark.parametrize("size", [NARROW, LARGE], ids="{0[0]}x{0[1]}".format)
def test_a_failed_check(snap_compare, world: World, size):
    assert look(snap_compare, world, ["3", "f"], size, made=mixed(world), opened=True)


def test_passed_checks_hidden(snap_compare, world: World):
    assert look(snap_compare, world, ["3", "f", "x"], SMALL, made=mixed(world), opened=True)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_the_evidence_of_a_verdict(snap_compare, world: World, size):
    assert look(snap_compare, world, ["3", "f", "enter"], size, made=mixed(world), opened=True)


def test_the_evidence_of_a_lane(snap_compare, world: World):
    keys = ["3", "down", "enter"]
    assert look(snap_compare, world, keys, MIDDLE, made=mixed(world), opened=True)


def test_sixteen_verified(snap_compare, world: World):
    assert look(snap_compare, world, ["3"], SMALL, made=eight(world), opened=True)


@pytest.mark.parametrize("make", [cancelled, unchecked, long_names])
def test_a_finished_run(snap_compare, world: World, make):
    assert look(snap_compare, world, ["3"], made=make(world), opened=True)


def test_no_run(snap_compare, world: World):
    assert look(snap_compare, world, ["3"])
