"""An image's index and config, read from the engine's responses."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.engine.docker.api import EngineApi
from openhqm_tui.engine.docker.images import read_config, read_index


class FixedResponse:
    """An engine with the same response to every request."""

    def __init__(self, response: dict[str, Any]) -> None:
        self._response = response

    def get(self, path: str) -> tuple[int, Any]:
        return 200, self._response


def engine(response: dict[str, Any]) -> EngineApi:
    return cast("EngineApi", FixedResponse(response))


def listed(arch: str = "arm64", kind: str = "image", **descriptor: Any) -> dict[str, Any]:
    platform = {"os": "linux" if arch != "unknown" else "unknown", "architecture": arch}
    return {"ID": "sha256:1", "Kind": kind, "Descriptor": {"platform": platform, **descriptor}}


ATTESTED = {"vnd.docker.reference.type": "attestation-manifest"}
ARM = SeenImage(platform="linux/arm64", digest="sha256:1")


@pytest.mark.parametrize(
    ("manifests", "images"),
    [
        ([listed()], [ARM]),
        ([listed("unknown", "attestation", annotations=ATTESTED)], []),
        ([listed("unknown", annotations=ATTESTED)], []),
        ([listed("unknown")], [SeenImage(platform="unknown/unknown", digest="sha256:1")]),
        (
            [listed(kind="attestation", annotations=ATTESTED)],
            [SeenImage(platform="linux/arm64", digest="sha256:1", attestation=True)],
        ),
        (
            [listed(platform={"os": "windows", "architecture": "amd64", "os.version": "10.0"})],
            [SeenImage(platform="windows/amd64", digest="sha256:1", os_version="10.0")],
        ),
        ([listed(), listed()], [ARM, ARM]),
    ],
)
def test_images_of_an_index_are_read_without_attestations(
    manifests: list[dict[str, Any]], images: list[SeenImage]
) -> None:
    top = {"digest": "sha256:0", "annotations": {"a": "b"}}
    named = [msgspec.structs.replace(image, annotations={"a": "b"}) for image in images]
    response = {"Descriptor": top, "Manifests": manifests}
    assert read_index("x", engine(response)) == ("sha256:0", named)


@pytest.mark.parametrize(
    ("response", "layers"),
    [
        ({"RootFS": {"Type": "layers", "Layers": ["sha256:1"]}}, ("sha256:1",)),
        ({"RootFS": {"Type": "layers"}}, ()),
        ({"RootFS": {"Type": "layers", "Layers": None}}, ()),
        ({}, None),
    ],
)
def test_an_image_may_have_no_layers(
    response: dict[str, Any], layers: tuple[str, ...] | None
) -> None:
    assert read_config("x", "linux/amd64", engine(response)).layers == layers
