"""Obstacles to a build are reported before it starts, with a way to fix them."""

from __future__ import annotations

import msgspec
import pytest

from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.tui.plan.engine_status import PlatformSupport, platform_support
from openhqm_tui.tui.plan.lookups import base_trouble
from openhqm_tui.tui.plan.summary import NOTHING_SELECTED, destination, obstacle_in
from tests.eight_variants import EIGHT
from tests.tui.conftest import AMD, ARM, GOOD, NO_ENGINE

OURS = Source(kind=SourceKind.BUNDLED, variants=EIGHT)
THEIRS = Source(kind=SourceKind.BAKE, variants=EIGHT)
S390X = parse_platform("s390x")
OLD_STORE = msgspec.structs.replace(GOOD, containerd_store=False)
SLOW = msgspec.structs.replace(GOOD, emulators={str(ARM): Emulator(version="7.2.22")})
FAST = msgspec.structs.replace(GOOD, emulators={str(ARM): Emulator(version="11.1.2")})
ROWS: dict[str, tuple[Platform, ...]] = {"redis": (AMD, ARM)}


@pytest.mark.parametrize(
    ("rows", "facts", "checks", "message"),
    [
        ({}, GOOD, True, NOTHING_SELECTED),
        (ROWS, GOOD, True, ""),
        ({"redis": (S390X,)}, GOOD, True, "no emulator for linux/s390x"),
        ({"redis": (S390X,)}, GOOD, False, ""),
        (
            ROWS,
            OLD_STORE,
            True,
            "is single-platform",
        ),
        ({"redis": (AMD,)}, OLD_STORE, True, ""),
    ],
)
def test_limits_of_the_engine_are_obstacles(rows, facts, checks, message):
    obstacle = obstacle_in(BuildOptions(rows, check=checks), facts)
    assert message in obstacle
    assert bool(obstacle) is bool(message)


@pytest.mark.parametrize(
    ("found", "message", "certain"),
    [
        (Pullable(Reach.OK), "", False),
        (Pullable(Reach.OK, platforms=(AMD, ARM)), "", False),
        (Pullable(Reach.OK, platforms=(AMD,)), "is not available for linux/arm64", True),
        (Pullable(Reach.MISSING, "x: the registry has no such image"), "no such image", True),
        # The engine may have a mirror, a login, another network.
        (Pullable(Reach.NETWORK, "x: can't be reached"), "can't be reached", False),
        (Pullable(Reach.AUTH, "x: requires a login"), "requires a login", False),
    ],
)
def test_an_unavailable_base_image_is_an_obstacle(found, message, certain):
    words, sure = base_trouble(found, BuildOptions(ROWS, base_image="x"))
    assert message in words
    assert (bool(words), sure) == (bool(message), certain)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("openhqm", "docker.io/library/openhqm"),
        ("acme/openhqm", "docker.io/acme/openhqm"),
        ("ghcr.io/acme/openhqm", "ghcr.io/acme/openhqm"),
        ("localhost/openhqm", "localhost/openhqm"),
        ("registry:5000/openhqm", "registry:5000/openhqm"),
    ],
)
def test_the_registry_of_a_push_is_shown(name, place):
    assert destination((name,), OURS) == place


def test_a_bake_files_own_tags_are_the_destination():
    tagged = msgspec.structs.replace(THEIRS, bake_targets={"a": {"tags": ["x:1"]}})
    assert destination(("openhqm",), tagged) == "the tags in the bake file"
    assert destination(("acme/app",), THEIRS) == "docker.io/acme/app"


@pytest.mark.parametrize(
    ("platform", "source", "facts", "way"),
    [
        (AMD, OURS, GOOD, PlatformSupport.NATIVE),
        # Our own Dockerfile cross-builds; other ones may not.
        (ARM, OURS, GOOD, PlatformSupport.CROSS),
        (ARM, THEIRS, GOOD, PlatformSupport.EMULATED),
        (ARM, None, GOOD, PlatformSupport.EMULATED),
        # Ours emulates only the checks, which choose a cheaper CPU themselves.
        (ARM, OURS, SLOW, PlatformSupport.CROSS),
        (ARM, THEIRS, SLOW, PlatformSupport.SLOW),
        (ARM, THEIRS, FAST, PlatformSupport.EMULATED),
        (S390X, OURS, GOOD, PlatformSupport.NONE),
        (AMD, OURS, NO_ENGINE, None),
        (AMD, OURS, None, None),
    ],
)
def test_the_support_of_a_platform_is_determined(platform, source, facts, way):
    assert platform_support(platform, facts, source) is way


def test_a_push_of_several_names_goes_to_each():
    assert destination(("a.example/x", "y"), OURS) == "a.example/x and docker.io/library/y"


def test_several_nodes_can_load_one_platform_only():
    nodes = (Node("a", native=AMD, platforms=(AMD,)), Node("b", native=ARM, platforms=(ARM,)))
    facts = msgspec.structs.replace(GOOD, driver="remote", builder="duo", nodes=nodes)
    obstacle = obstacle_in(BuildOptions(ROWS), facts)
    assert obstacle.startswith("builder duo has 2 nodes")
    assert obstacle_in(BuildOptions(ROWS, push=True), facts) == ""
    assert obstacle_in(BuildOptions({"redis": (ARM,)}), facts) == ""


def test_the_classic_image_store_cannot_push() -> None:
    rows: dict[str, tuple[Platform, ...]] = {"redis": (AMD,)}
    assert obstacle_in(BuildOptions(rows), OLD_STORE) == ""
    assert "Doctor (5)" in obstacle_in(BuildOptions(rows, push=True), OLD_STORE)
    assert obstacle_in(BuildOptions(rows, push=True), GOOD) == ""
