"""Snapshots of the Run screen; update them with `make snapshots` after a review."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run.events import CancelRequested, CheckStarted, Outcome, OutputStalled
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World
from tests.tui.looks import LARGE, MIDDLE, SMALL, look

NARROW, TINY = (60, 20), (44, 12)
LONG = (
    "my-very-long-target-name-with-every-backend-there-is",
    "another-long-target-name-of-somebody-elses-bake-file",
)


def _nothing(world: World) -> None:
    return None


def _waiting(world: World) -> folders.Made:
    return folders.Made(world.state, folders.EIGHT[:3]).hold().start()


def _building(world: World) -> folders.Made:
    return folders.running(world.state)


def _one_lane(world: World) -> folders.Made:
    made = folders.Made(world.state, {"redis": ("linux/amd64",)}).hold().start()
    return made.begin("redis").build("redis", 3)


def _checking(world: World) -> folders.Made:
    """Return a live run with one image verified, two being checked, and the others queued."""
    made = folders.Made(world.state, folders.EIGHT).hold().start()
    for place, name in enumerate(folders.EIGHT):
        made.begin(name, 0.5 + place).build(name, 5, 1 + place)
        made.finish(name, Outcome.PASSED, 7.4 + place)
    made.check("all", "linux/amd64", 8.0).check("all", "linux/arm64", 8.6)
    made.check("redis", "linux/amd64", 9.0)
    for at, name, platform in ((18, "redis", "linux/arm64"), (19, "kafka", "linux/amd64")):
        made.run.append(CheckStarted(at=made.at(at), target=name, platform=platform))
    world.now = made.at(24)
    return made


def _sixteen_lanes(world: World) -> folders.Made:
    return folders.running(world.state, folders.EIGHT)


def _many_targets(world: World) -> folders.Made:
    return folders.running(world.state, tuple(f"service-{number}" for number in range(30)))


def _long_names(world: World) -> folders.Made:
    made = folders.running(world.state, LONG)
    return made.fail(LONG[0])


def _mixed(world: World) -> folders.Made:
    """Return a live run with targets in every state."""
    made = folders.Made(world.state, folders.EIGHT).hold().start()
    for name in folders.EIGHT[:6]:
        made.begin(name)
    made.build("all", 5).finish("all", Outcome.PASSED, 7).check("all", "linux/amd64", 7)
    made.check("all", "linux/arm64", 7).build("redis", 5).finish("redis", Outcome.PASSED, 8)
    made.check("redis", "linux/amd64", 8).fail("kafka").finish("sqs", Outcome.CANCELLED, 6)
    made.build("azure", 3).build("gcp", 2)
    made.run.append(CancelRequested(at=made.at(9), target="gcp"))
    return made


def _retried(world: World) -> folders.Made:
    made = folders.Made(world.state, ("redis", "kafka")).hold().start()
    made.begin("redis").build("redis", 3).begin("kafka").fail("kafka")
    return made.begin("kafka", 8, attempt=2)


def _failed(world: World) -> folders.Made:
    return folders.failed(world.state)


def _not_verified(world: World) -> folders.Made:
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis", 5)
    made.finish("redis", Outcome.PASSED, 7.4).check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL, machine=Answer.UNKNOWN)
    return made.end(Outcome.FAILED, 9)


def _cancelled(world: World) -> folders.Made:
    made = folders.Made(world.state).start().begin("redis")
    made.lane("redis", "linux/amd64", 2, 1, ends=True).lane("redis", "linux/arm64", 2, 1, ends=True)
    return made.finish("redis", Outcome.CANCELLED, 7).end(Outcome.CANCELLED, 7)


def _interrupted(world: World) -> folders.Made:
    made = folders.running(world.state)
    made.release()
    return made


def _silent(world: World) -> folders.Made:
    made = folders.running(world.state)
    world.now = made.at(314)
    made.run.append(
        OutputStalled(at=made.at(302), target="redis", since=made.at(2), step="core 2/2")
    )
    return made


def _passed(world: World) -> folders.Made:
    return folders.passed(world.state)


# How the world is set up, the keys pressed, and the sizes where the layout differs.
Shown = tuple[Callable[[World], folders.Made | None], list[str], tuple[tuple[int, int], ...]]
CASES: dict[str, Shown] = {
    "none": (_nothing, ["2"], (SMALL,)),
    "waiting": (_waiting, [], (SMALL,)),
    "building": (_building, [], (SMALL, LARGE, TINY)),
    "one_lane": (_one_lane, [], (SMALL,)),
    "checking": (_checking, [], (SMALL, MIDDLE)),
    "sixteen_lanes": (_sixteen_lanes, [], (SMALL, LARGE)),
    "all_panes": (_sixteen_lanes, ["Z"], (MIDDLE,)),
    "many_targets": (_many_targets, ["end"], (NARROW, MIDDLE)),
    "long_names": (_long_names, [], (NARROW,)),
    "every_state": (_mixed, [], (SMALL, MIDDLE)),
    "retried": (_retried, [], (SMALL,)),
    "failed": (_failed, [], (SMALL, LARGE, TINY)),
    "failed_digest_in_focus": (_failed, ["shift+tab", "end"], (SMALL,)),
    "not_verified": (_not_verified, [], (SMALL,)),
    "cancelled": (_cancelled, [], (SMALL,)),
    "interrupted": (_interrupted, [], (SMALL, TINY)),
    "silent": (_silent, [], (NARROW,)),
    "finished": (_passed, [], (SMALL,)),
    "zoomed": (_building, ["z"], (SMALL,)),
    "own_log": (_failed, ["L"], (MIDDLE,)),
    "asks_before_stopping": (_building, ["c"], (SMALL,)),
}
SHOTS = [(case, size) for case, (_, _, sizes) in CASES.items() for size in sizes]


@pytest.mark.parametrize(
    ("case", "size"), SHOTS, ids=[f"{case}-{size[0]}x{size[1]}" for case, size in SHOTS]
)
def test_looks(snap_compare, world: World, case, size):
    make, keys, _ = CASES[case]
    assert look(snap_compare, world, keys, size, made=make(world), opened=True)


def test_looks_in_the_terminals_own_colors(snap_compare, world: World):
    made = _mixed(world)
    assert look(snap_compare, world, [], MIDDLE, made=made, opened=True, theme="ansi-dark")


def test_looks_without_color(snap_compare, world: World, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert look(snap_compare, world, [], MIDDLE, made=_mixed(world), opened=True)


def test_looks_without_an_engine(snap_compare, world: World):
    world.facts = NO_ENGINE
    assert look(snap_compare, world, [], SMALL, made=_passed(world), opened=True)
