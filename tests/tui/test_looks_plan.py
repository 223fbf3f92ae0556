"""Snapshots of the Plan screen in its main states."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from openhqm_tui.domain.plan.bake import Source, SourceKind, TargetGroup, Variant
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.engine.docker.builders import Builder
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, GOOD, NO_ENGINE, World
from tests.tui.looks import LARGE, SMALL, look

NARROW = (60, 20)


def _past(world: World) -> None:
    folders.passed(
        world.state, folders.EIGHT, id="20261122-150000-77aa", created=folders.T0 - 86400
    )
    folders.failed(world.state, ("all", "redis", "kafka"))


def _many(world: World) -> None:
    names = [f"service-{number:02}-with-a-name-as-long-as-they-come" for number in range(64)]
    platforms = ["linux/amd64", "linux/arm64", "linux/s390x", "linux/arm/v7"]
    body = {"tags": ["acme/app:1"], "platforms": platforms}
    world.source = Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, "Dockerfile linux/amd64") for name in names),
        bake_file="docker-bake.hcl",
        bake_targets=dict.fromkeys(names, body),
    )


def _definition(world: World) -> None:
    """A bake file with groups, artifacts, descriptions and platforms that can't be checked."""
    both = ["linux/amd64", "linux/arm64"]
    titles = {"web": "The web application", "worker": "The background worker"}
    titles |= {
        "cli": "Binaries for four systems",
        "docs": "The manual",
        "lint": "inline Dockerfile",
    }
    out = {"type": "local", "dest": "./out"}
    world.source = Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, title) for name, title in titles.items()),
        context="/src/acme",
        bake_file="/src/acme/docker-bake.hcl",
        bake_targets={
            "web": {"tags": ["ghcr.io/acme/web:1.4"], "platforms": both},
            "worker": {"platforms": [*both, "windows/amd64"]},
            "cli": {"output": [out], "platforms": [*both, "darwin/arm64", "windows/amd64"]},
            "docs": {"output": [{"type": "tar", "dest": "docs.tar"}]},
            "lint": {"call": "check"},
        },
        groups=(
            TargetGroup("default", "What every pull request builds", ("web", "worker")),
            TargetGroup("release", "What is published", ("web", "worker", "cli", "docs")),
        ),
    )


def _no_engine(world: World) -> None:
    world.facts = NO_ENGINE


def _settings(world: World) -> None:
    world.defaults = BuildOptions(
        {}, "ghcr.io/acme/openhqm", "1.2", push=True, base_image="acme/base:13", jobs=2
    )


def _builders(world: World) -> None:
    here = Node("default", "default", "running", native=AMD, platforms=(AMD, ARM))
    amd = Node("amd1", "unix:///run/amd1.sock", "running", native=AMD, platforms=(AMD,))
    arm = Node("arm1", "ssh://build@arm1.example", "inactive", native=ARM, platforms=(ARM, AMD))
    world.builders = [
        Builder(name="default", driver="docker", nodes=(here,), current=True),
        Builder(name="big", driver="docker-container", nodes=(amd, arm)),
        Builder(name="dead", driver="remote", nodes=(Node("dead0"),), error="connection refused"),
    ]


def _two_nodes(world: World) -> None:
    nodes = (
        Node("amd1", native=AMD, platforms=(AMD,)),
        Node("arm1", native=ARM, platforms=(ARM, AMD), claimed=(ARM,)),
    )
    world.facts = msgspec.structs.replace(GOOD, builder="duo", driver="remote", nodes=nodes)


CASES: dict[str, tuple[Callable[[World], None], list[str]]] = {
    "first": (lambda world: None, []),
    "chosen": (_past, ["a", "down"]),
    "failed_last_time": (_past, ["F", "down", "down"]),
    "options": (_settings, ["o", "m"]),
    "many": (_many, ["a", "G", "right"]),
    "no_emulator": (_many, ["right", "right", "space"]),
    "no_engine": (_no_engine, ["a"]),
    "wrong_name": (lambda world: None, ["a", "e", "X"]),
    "builders": (_builders, ["B"]),
    "builders_nodes": (_builders, ["B", "j"]),
    "builders_dead": (_builders, ["B", "j", "j", "enter"]),
    "builders_new": (_builders, ["B", "n"]),
    "builders_new_wrong": (_builders, ["B", "n", *"farm", "tab", "enter", "enter"]),
    "builders_new_ready": (
        _builders,
        ["B", "n", *"farm", "tab", "tab", *"amd64=default arm64=ssh://me@arm1"],
    ),
    "builders_remove": (_builders, ["B", "j", "x"]),
    "two_nodes": (_two_nodes, ["a"]),
    "definition": (_definition, ["S", "down", "enter", "down", "down"]),
}


@pytest.mark.parametrize("case", list(CASES))
def test_looks_at_80x24(snap_compare, world: World, case):
    make, keys = CASES[case]
    make(world)
    assert look(snap_compare, world, keys, SMALL)


@pytest.mark.parametrize("size", [NARROW, LARGE], ids=["60x20", "200x60"])
@pytest.mark.parametrize("case", ["chosen"])
def test_looks_at_other_sizes(snap_compare, world: World, case, size):
    make, keys = CASES[case]
    make(world)
    assert look(snap_compare, world, keys, size)


def test_a_definition_at_200x60(snap_compare, world: World):
    _definition(world)
    assert look(snap_compare, world, ["a", "down", "slash", "w"], LARGE)
