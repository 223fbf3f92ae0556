"""Registry responses, and their differences from the verified images."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openhqm_tui.domain.run.published import PublishedImage, difference, digest_of, read_published

AMD, ARM = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
VERIFIED = {"linux/amd64": AMD, "linux/arm64": ARM}


def entry(digest: str, arch: str, **more: Any) -> dict[str, Any]:
    return {"digest": digest, "platform": {"os": "linux", "architecture": arch} | more}


def attestation(of: str) -> dict[str, Any]:
    return {
        "digest": f"sha256:{'c' * 64}",
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.digest": of,
            "vnd.docker.reference.type": "attestation-manifest",
        },
    }


def index(*entries: object, kind: str = "application/vnd.oci.image.index.v1+json") -> bytes:
    document = {"schemaVersion": 2, "mediaType": kind, "manifests": list(entries)}
    return json.dumps(document, indent=2).encode()


BOTH = (entry(AMD, "amd64"), entry(ARM, "arm64", variant="v8"))


def test_platforms_are_listed_and_attestations_counted() -> None:
    raw = index(*BOTH, attestation(AMD), attestation(ARM))
    seen = read_published(raw)
    assert seen.digest == digest_of(raw)
    assert seen.images == (PublishedImage("linux/amd64", AMD), PublishedImage("linux/arm64", ARM))
    assert (seen.is_index, seen.attestations) == (True, 2)
    assert difference(digest_of(raw), VERIFIED, seen) == ""


def test_a_docker_manifest_list_is_an_index() -> None:
    kind = "application/vnd.docker.distribution.manifest.list.v2+json"
    assert len(read_published(index(*BOTH, kind=kind)).images) == 2


def test_an_image_for_one_platform_may_have_no_index() -> None:
    raw = json.dumps({"schemaVersion": 2, "config": {"digest": AMD}, "layers": []}).encode()
    seen = read_published(raw)
    assert (seen.is_index, seen.images) == (False, ())
    assert difference(digest_of(raw), {"linux/amd64": AMD}, seen) == ""
    assert "a different digest" in difference(AMD, {"linux/amd64": AMD}, seen)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (BOTH[:1], "the registry has no image for linux/arm64"),
        ((), "the registry has no image for linux/amd64, linux/arm64"),
        (
            (*BOTH, entry(AMD, "s390x")),
            "the registry has an image for linux/s390x, which wasn't verified",
        ),
        (
            (BOTH[0], entry(AMD, "arm64")),
            f"a different image for linux/arm64 than the verified one ({AMD}, not {ARM})",
        ),
        (BOTH, "the registry has a different digest than the verified one"),
        # Without the attestation annotation it counts as an image.
        ((*BOTH, entry(AMD, "unknown")), "an image for linux/unknown, which wasn't verified"),
    ],
)
def test_every_difference_is_reported(entries: tuple[dict[str, Any], ...], message: str) -> None:
    assert message in difference(AMD, VERIFIED, read_published(index(*entries)))


def test_a_platform_without_a_digest_is_compared_by_the_index() -> None:
    raw = index(*BOTH)
    assert difference(digest_of(raw), dict.fromkeys(VERIFIED, ""), read_published(raw)) == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"nonsense",
        b"{}",
        b'{"config": "x"}',
        b'{"manifests": ["x"]}',
        b"[" * 100_000,
    ],
)
def test_an_invalid_index_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="the registry"):
        read_published(raw)


def test_hostile_text_is_sanitized_and_cut() -> None:
    raw = index(entry(f"sha256:\x1b[2J{'x' * 1000}", "\x1b]0;owned\x07" + "y" * 1000))
    (image,) = read_published(raw).images
    assert "\x1b" not in image.platform + image.digest
    assert len(image.platform) <= 60
    assert len(image.digest) <= 71
