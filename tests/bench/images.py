"""`make bench`, images: the size of each variant, and the transfer size of a push of all.

The images are those of the part `builds`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from openhqm_tui.domain.checks.layer_manifest import (
    ImageLayer,
    by_digest,
    holders,
    own_bytes,
    unique_bytes,
)
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.docker.images import read_documents, read_index
from openhqm_tui.engine.source.base_image import choose_base
from tests.bench.rows import Row, Wanted
from tests.real.registry import free_port, serving

PART = "Images"
# Variants whose client libraries are most of `all`.
LARGE = ("sqs", "gcp")

Lane = tuple[str, str]


@dataclass(frozen=True)
class Weight:
    """One platform's image: its layers, and its bytes in the store, compressed and unpacked."""

    layers: tuple[ImageLayer, ...]
    content: int
    unpacked: int


Weights = dict[Lane, Weight]


def weigh(references: Mapping[str, str]) -> Weights:
    """Return the sizes of images by variant and platform; `references` are by variant."""
    weights: Weights = {}
    for variant, reference in references.items():
        digest, images = read_index(reference)
        documents = read_documents(reference, digest)
        for image in images:
            weights[variant, image.platform] = Weight(
                layers=documents.layers(image.digest),
                content=image.content_size,
                unpacked=image.unpacked_size,
            )
    return weights


def base_layers(platforms: str) -> dict[str, tuple[ImageLayer, ...]]:
    """Return the layers of the base image, by platform."""
    base = choose_base(parse_platforms(platforms), explicit=None).ref
    return {platform: weight.layers for (_, platform), weight in weigh({"": base}).items()}


def above(weight: Weight, base: tuple[ImageLayer, ...]) -> int:
    """Return the compressed bytes of an image's layers that are not in its base."""
    under = by_digest(base)
    return sum(size for digest, size in by_digest(weight.layers).items() if digest not in under)


def rows_of(
    weights: Weights, bases: Mapping[str, tuple[ImageLayer, ...]], classic: Weights | None = None
) -> list[Row]:
    """Return the sizes of images as rows; `classic` are those of the sequential build, if any."""
    classic = classic or {}
    held = holders([weight.layers for weight in weights.values()])
    rows = [_limit_row(lane, above(w, bases[lane[1]])) for lane, w in weights.items()]
    for (variant, platform), weight in weights.items():
        whole = weights["all", platform]
        if variant != "all":
            wanted: Wanted = ("≤", 0.65 if variant in LARGE else 0.45)
            rows.append(
                Row(
                    PART,
                    f"{variant}, {platform}: above the base",
                    "MB",
                    [above(weight, bases[platform])],
                    "`all`",
                    [above(whole, bases[platform])],
                    wanted,
                )
            )
    for (variant, platform), weight in weights.items():
        own = own_bytes(weight.layers, held)
        shared = unique_bytes([weight.layers]) - own
        lane = f"{variant}, {platform}"
        rows += [
            Row(PART, f"{lane}: compressed", "MB", [weight.content], "on disk", [weight.unpacked]),
            Row(PART, f"{lane}: in no other image", "MB", [own], "shared with others", [shared]),
        ]
    for (variant, platform), weight in classic.items():
        rows.append(
            Row(
                PART,
                f"{variant}, {platform}: above the base",
                "MB",
                [above(weights[variant, platform], bases[platform])],
                "sequential build",
                [above(weight, bases[platform])],
            )
        )
    return rows + _push_rows(weights, classic)


def push_row(name: str, variants: tuple[str, ...]) -> Row | None:
    """Push `all`, then the others, to a private registry; None without a registry program.

    The size is that of the registry: layers, configs and manifests, each once.
    """
    if shutil.which("docker-registry") is None:
        return None
    with (
        tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder,
        serving(Path(folder) / "registry", free_port()) as host,
    ):
        _push(name, host, ("all",))
        first = _bytes_in(Path(folder))
        _push(name, host, variants)
        whole = _bytes_in(Path(folder))
    return Row(
        PART, "bytes of 8 × 2 in a registry", "MB", [whole], "`all` × 2 there", [first], ("≤", 1.05)
    )


def _limit_row(lane: Lane, own: int) -> Row:
    limits: dict[str, Wanted] = {"minimal": ("≤", 15e6), "all": ("≤", 47e6)}
    return Row(PART, f"{', '.join(lane)}: above the base", "MB", [own], wanted=limits.get(lane[0]))


def _push_rows(weights: Weights, classic: Weights) -> list[Row]:
    """Return the bytes of distinct layers, from the indexes."""
    ours = unique_bytes([weight.layers for weight in weights.values()])
    whole = [weight.layers for (variant, _), weight in weights.items() if variant == "all"]
    rows = [
        Row(
            PART,
            "layers of 8 × 2, counted once (from the manifests)",
            "MB",
            [ours],
            "`all` × 2",
            [unique_bytes(whole)],
            ("≤", 1.05),
        )
    ]
    if classic:
        same = [weights[lane].layers for lane in classic]
        theirs = [weight.layers for weight in classic.values()]
        rows.append(
            Row(
                PART,
                f"layers of the {len(classic)} images of the sequential build, each once",
                "MB",
                [unique_bytes(same)],
                "sequential build",
                [unique_bytes(theirs)],
            )
        )
    return rows


def _push(name: str, host: str, variants: tuple[str, ...]) -> None:
    for variant in variants:
        tag = f"{host}/{name}:{variant}"
        _docker("image", "tag", f"{name}:latest-{variant}", tag)
        try:
            _docker("image", "push", "--quiet", tag)
        finally:
            _docker("image", "rm", tag)


def _docker(*words: str) -> None:
    subprocess.run(("docker", *words), check=True, capture_output=True)


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("blobs/sha256/*/*/data"))
