"""Layers that images share: what each has for itself, and what all of them weigh together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from openhqm_tui.domain.journal import Layer


def holders(images: Sequence[Sequence[Layer]]) -> Counter[str]:
    """Return in how many of the images each layer is, by its digest."""
    return Counter(digest for layers in images for digest in {layer.digest for layer in layers})


def own_bytes(layers: Sequence[Layer], held: Counter[str]) -> int:
    """Return the compressed bytes that no other image has; a layer that is there twice is one."""
    return sum(size for digest, size in by_digest(layers).items() if held[digest] <= 1)


def in_every(images: Sequence[Sequence[Layer]]) -> frozenset[str]:
    """Return the digests of the layers that every one of several images has."""
    if len(images) < 2:
        return frozenset()
    return frozenset.intersection(*(frozenset(by_digest(layers)) for layers in images))


def unique_bytes(images: Sequence[Sequence[Layer]]) -> int:
    """Return the compressed bytes of all images, each layer counted once."""
    return sum(by_digest([layer for layers in images for layer in layers]).values())


def by_digest(layers: Sequence[Layer]) -> dict[str, int]:
    """Return the compressed size of each different layer."""
    return {layer.digest: layer.size for layer in layers}
