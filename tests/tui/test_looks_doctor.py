"""Snapshots of the Doctor screen in its main states."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from openhqm_tui.domain.findings import Fix, Health
from openhqm_tui.engine.doctor.apply import Rights
from tests.tui.conftest import NO_ENGINE, World
from tests.tui.looks import LARGE, SMALL, look

BASE = Fix(title="Make a base image", script="mmdebstrap trixie\ndocker import -")


def _two(world: World) -> None:
    world.findings = [
        msgspec.structs.replace(finding, fixes=(BASE,)) if finding.key == "base" else finding
        for finding in world.findings
    ]


def _slow(world: World) -> None:
    _two(world)
    world.fix_hangs = True


def _fails(world: World) -> None:
    _two(world)
    world.fix_works = False


def _no_engine(world: World) -> None:
    world.facts = NO_ENGINE
    engine = msgspec.structs.replace(
        world.findings[0],
        health=Health.FAIL,
        detail="the Docker engine isn't running",
        fixes=(Fix(title="start the engine", script="systemctl start docker", as_root=True),),
    )
    world.findings = [engine, *world.findings[-1:]]


def _password(world: World) -> None:
    world.rights = Rights.PASSWORD


def _well(world: World) -> None:
    world.findings = [finding for finding in world.findings if finding.health is Health.OK]


CASES: dict[str, tuple[Callable[[World], None], list[str]]] = {
    "findings": (lambda world: None, ["5"]),
    "well": (_well, ["5"]),
    "no_engine": (_no_engine, ["5"]),
    "password": (_password, ["5"]),
    "asks": (_two, ["5", "F"]),
    "fixing": (_slow, ["5", "F", "enter"]),
    "stopping_asks": (_slow, ["5", "F", "enter", "C"]),
    "fixed": (_two, ["5", "F", "enter"]),
    "failed": (_fails, ["5", "F", "enter"]),
}


@pytest.mark.parametrize("case", list(CASES))
def test_looks_at_80x24(snap_compare, world: World, case):
    make, keys = CASES[case]
    make(world)
    assert look(snap_compare, world, keys, SMALL)


@pytest.mark.parametrize("size", [(60, 20), LARGE], ids=["60x20", "200x60"])
@pytest.mark.parametrize("case", ["findings"])
def test_looks_at_other_sizes(snap_compare, world: World, case, size):
    make, keys = CASES[case]
    make(world)
    assert look(snap_compare, world, keys, size)
