"""Layers as listed in manifest and config, including hostile ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openhqm_tui.domain.checks.layer_manifest import (
    ATTESTATION,
    ImageDocuments,
    ImageLayer,
    config_digest,
    layers_of,
)

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
MANIFEST: dict[str, Any] = {
    "config": {"digest": C},
    "layers": [{"digest": A, "size": 28_486_588}, {"digest": B, "size": 29}],
}
CONFIG: dict[str, Any] = {
    "history": [
        {"created_by": "ADD root.tar / # buildkit"},
        {"created_by": "ENV X=1", "empty_layer": True},
        {"created_by": "/bin/sh -c #(nop) WORKDIR /app"},
    ]
}


def layers(manifest: Any = MANIFEST, config: Any = CONFIG) -> tuple[ImageLayer, ...]:
    return layers_of(json.dumps(manifest).encode(), json.dumps(config).encode())


def test_layers_have_their_size_and_instruction() -> None:
    assert layers() == (
        ImageLayer(digest=A, size=28_486_588, created_by="ADD root.tar /"),
        ImageLayer(digest=B, size=29, created_by="WORKDIR /app"),
    )
    assert config_digest(json.dumps(MANIFEST).encode()) == C


@pytest.mark.parametrize("config", [{}, [], {"history": 1}, {"history": [{"created_by": "x"}]}])
def test_without_a_matching_history_layers_have_no_instruction(config: Any) -> None:
    assert [layer.created_by for layer in layers(config=config)] == ["", ""]


def test_a_secret_in_an_instruction_is_masked_before_the_text_is_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    history = [{"created_by": f"RUN {'x' * 110} {token}"}, {"created_by": "RUN A_TOKEN=y z"}]
    one, two = layers(config={"history": history})
    assert "ghp_" not in one.created_by
    assert len(one.created_by) <= 120
    assert two.created_by == "RUN A_TOKEN=*** z"


def test_a_secret_in_the_config_is_masked_in_every_instruction() -> None:
    history = [{"created_by": "RUN login s3cr3t-one"}, {"created_by": "RUN echo s3cr3t-two"}]
    settings = {"Env": ["DB_PASSWORD=s3cr3t-one", 1], "Labels": {"token": "s3cr3t-two"}}
    made = [layer.created_by for layer in layers(config={"history": history, "config": settings})]
    assert made == ["RUN login ***", "RUN echo ***"]
    hostile = {"history": history, "config": {"Env": 1, "Labels": [2]}}
    assert layers(config=hostile)[0].created_by == "RUN login s3cr3t-one"


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        {},
        {"layers": {}},
        {"layers": [{"digest": "sha256:../../x", "size": 1}]},
        {"layers": [{"digest": A, "size": -1}]},
        {"layers": [{"digest": A, "size": "1"}]},
        {"layers": [{"digest": A, "size": 2**63}]},
        {"layers": [1, None]},
    ],
)
def test_an_invalid_manifest_has_no_layers(manifest: Any) -> None:
    assert layers(manifest) == ()
    assert config_digest(json.dumps(manifest).encode()) == ""


@pytest.mark.parametrize("blob", [b"", b"{", b"\xff", b"[" * 100_000])
def test_invalid_json_has_no_layers(blob: bytes) -> None:
    assert layers_of(blob, blob) == ()
    assert config_digest(blob) == ""


def test_layers_beyond_the_limit_of_an_engine_are_cut() -> None:
    many = {"layers": [{"digest": A, "size": 1}] * 1000}
    assert len(layers(many)) == 256


# -- index and manifests ------------------------------------------------------------------------

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
STATEMENT = "application/vnd.in-toto+json"


def documents(**blobs: object) -> ImageDocuments:
    return ImageDocuments("top", {name: json.dumps(blob).encode() for name, blob in blobs.items()})


def test_annotations_of_an_image_include_those_of_its_index_and_manifest() -> None:
    found = documents(
        top={
            "annotations": {"a": "index", "b": "index"},
            "manifests": [
                {"digest": "one", "annotations": {"c": "descriptor", "b": "descriptor"}},
                {"digest": "two", "annotations": {"d": "of another"}},
            ],
        },
        one={
            "annotations": {"e": "manifest"},
            "config": {"annotations": {"f": "config"}},
            "layers": [{"annotations": {"g": "layer"}}],
        },
    )
    assert found.annotations("one") == {
        **{"a": "index", "b": "index\ndescriptor", "c": "descriptor", "e": "manifest"},
        **{"f": "config", "g": "layer"},
    }
    assert set(found.annotations("")) == {"a", "b"}
    assert documents(top={"annotations": {"a": "alone"}}).annotations("top") == {"a": "alone"}
    assert ImageDocuments("", {}).annotations("") == {}
    assert ImageDocuments("top", {"top": b"[[["}).annotations("one") == {}


@pytest.mark.parametrize(
    ("annotation", "types", "false"),
    [
        (ATTESTATION, [STATEMENT], False),
        (ATTESTATION, [LAYER], True),
        (ATTESTATION, [STATEMENT, DOCKER_LAYER], True),
        (ATTESTATION, [], False),
        ("other", [LAYER], False),
    ],
)
def test_an_attestation_with_file_layers_is_false(
    annotation: str, types: list[str], false: bool
) -> None:
    found = documents(
        top={"manifests": [{"digest": "one", "annotations": {annotation: "x"}}, {"digest": 1}, 2]},
        one={"layers": [{"mediaType": kind} for kind in types]},
    )
    assert found.false_attestations() == ({"one"} if false else frozenset())
