"""What a target of a bake definition produces, and how that is named."""

from __future__ import annotations

from typing import Any

import pytest

from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant, untagged
from openhqm_tui.domain.plan.outputs import artifact_text, artifacts_of, builds_image


@pytest.mark.parametrize(
    ("body", "image", "texts"),
    [
        ({}, True, []),
        ({"output": ["out"]}, False, ["→ out"]),
        ({"output": ["type=local,dest=./out,platform-split=true"]}, False, ["→ ./out"]),
        ({"output": [{"type": "tar", "dest": "docs.tar"}]}, False, ["→ docs.tar"]),
        ({"output": ["type=docker,dest=image.tar"]}, False, ["→ image.tar"]),
        ({"output": ["type=cacheonly"]}, False, ["build cache"]),
        ({"output": ["type=image", "type=oci,dest=layout"]}, True, ["→ layout"]),
        ({"output": ["type=registry"]}, True, []),
        ({"call": "check"}, False, ["lint result"]),
        ({"call": "check,format=json"}, False, ["lint result"]),
        ({"call": "outline,format=json"}, False, ["outline"]),
        ({"call": "build"}, True, []),
    ],
)
def test_the_products_of_a_target_are_named(
    body: dict[str, Any], image: bool, texts: list[str]
) -> None:
    assert builds_image(body) is image
    assert [artifact_text(one) for one in artifacts_of(body)] == texts


def test_only_images_without_tags_are_named_by_the_options() -> None:
    bodies: dict[str, dict[str, Any]] = {
        "tagged": {"tags": ["acme/a:1"]},
        "named": {"output": [{"type": "image", "name": "acme/b:1"}]},
        "files": {"output": [{"type": "local", "dest": "out"}]},
        "plain": {},
    }
    variants = tuple(Variant(name, "") for name in bodies)
    source = Source(kind=SourceKind.BAKE, variants=variants, bake_targets=bodies)
    assert untagged(source) == ("plain",)
    ours = Source(kind=SourceKind.BUNDLED, variants=variants)
    assert untagged(ours) == tuple(bodies)
