"""Shared layers are counted once, and unshared ones for their image."""

from __future__ import annotations

from openhqm_tui.domain.checks.layer_manifest import (
    ImageLayer,
    holders,
    in_every,
    own_bytes,
    unique_bytes,
)

BASE, CORE, REDIS, EMPTY = (
    ImageLayer(digest=f"sha256:{name}", size=size)
    for name, size in (("base", 28), ("core", 7), ("redis", 2), ("empty", 1))
)
MINIMAL = (BASE, EMPTY, EMPTY, CORE)
WITH_REDIS = (BASE, EMPTY, CORE, REDIS)


def test_layers_of_two_images_are_counted_once() -> None:
    images = [MINIMAL, WITH_REDIS]
    held = holders(images)
    assert held == {"sha256:base": 2, "sha256:empty": 2, "sha256:core": 2, "sha256:redis": 1}
    assert [own_bytes(layers, held) for layers in images] == [0, 2]
    assert unique_bytes(images) == 28 + 7 + 2 + 1
    assert in_every(images) == {"sha256:base", "sha256:empty", "sha256:core"}
    assert in_every([*images, ()]) == set()


def test_a_layer_listed_twice_counts_once() -> None:
    assert own_bytes(MINIMAL, holders([MINIMAL])) == 28 + 7 + 1
    assert unique_bytes([MINIMAL]) == 28 + 7 + 1


def test_without_images_nothing_is_shared() -> None:
    assert holders([]) == {}
    assert in_every([]) == in_every([MINIMAL]) == set(), "one image shares nothing"
    assert unique_bytes([]) == 0
    assert own_bytes((), holders([])) == 0
