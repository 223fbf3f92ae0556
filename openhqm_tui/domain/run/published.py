"""The content of a tag in a registry, and how it differs from what was verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.text import Inert, one_line

# An attestation in an index is a manifest for `unknown/unknown` with this annotation.
_ATTESTATION = "vnd.docker.reference.type"
_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_DIGEST_LENGTH = len("sha256:") + 64


class PublishedImage(Inert, frozen=True):
    """One platform's image in an index; `digest` is that of its manifest, '' if unknown."""

    platform: str
    digest: str


class PublishedIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An index in a registry; attestations are counted separately.

    An image for one platform may be just a manifest, which doesn't include its platform: `images`
    is empty then, and `is_index` False.
    """

    digest: str
    is_index: bool
    images: tuple[PublishedImage, ...] = ()
    attestations: int = 0


def digest_of(raw: bytes) -> str:
    """Return the digest of a manifest or index from its raw bytes."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def read_published(raw: bytes) -> PublishedIndex:
    """Parse an index or manifest from its raw bytes; raises ValueError with the reason."""
    try:
        told = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError("the registry's response is not JSON") from error
    if not isinstance(told, dict):
        raise ValueError("the registry's response is neither an index nor an image")
    manifests = told.get("manifests")
    is_index = told.get("mediaType") in _INDEXES or isinstance(manifests, list)
    if not is_index:
        if not isinstance(told.get("config"), dict):
            raise ValueError("the registry's response is neither an index nor an image")
        return PublishedIndex(digest=digest_of(raw), is_index=False)
    images, attestations = [], 0
    for entry in manifests if isinstance(manifests, list) else ():
        if not isinstance(entry, dict):
            raise ValueError("the registry's index has an invalid entry")
        if _is_attestation(entry):
            attestations += 1
            continue
        digest = str(entry.get("digest") or "")[:_DIGEST_LENGTH]
        images.append(PublishedImage(_platform(entry.get("platform")), one_line(digest)))
    return PublishedIndex(
        digest=digest_of(raw), is_index=True, images=tuple(images), attestations=attestations
    )


def difference(digest: str, verified: Mapping[str, str], seen: PublishedIndex) -> str:
    """Describe how a registry's content differs from what was verified; '' if it is identical.

    `digest` is that of the index, `verified` the digest of each platform's image ('': unknown).
    """
    there = {image.platform: image.digest for image in seen.images}
    if seen.is_index:
        if missing := [platform for platform in verified if platform not in there]:
            return f"the registry has no image for {', '.join(missing)}"
        if extra := [platform for platform in there if platform not in verified]:
            return f"the registry has an image for {', '.join(extra)}, which wasn't verified"
        for platform, known in verified.items():
            if known and there[platform] and known != there[platform]:
                return (
                    f"the registry has a different image for {platform} than the verified one "
                    f"({there[platform]}, not {known})"
                )
    if seen.digest != digest:
        return (
            "the registry has a different digest than the verified one "
            f"({seen.digest}, not {digest})"
        )
    return ""


def _is_attestation(entry: dict[str, Any]) -> bool:
    annotations = entry.get("annotations")
    return isinstance(annotations, dict) and _ATTESTATION in annotations


def _platform(told: object) -> str:
    parts = told if isinstance(told, dict) else {}
    names = (parts.get("os"), parts.get("architecture"), parts.get("variant"))
    text = "/".join(str(name) for name in names if name)
    try:
        return str(parse_platform(text))
    except UsageProblem:
        # Anyone can write an index: its platform is shown as is, and never equals a verified one.
        return one_line(text, 60) or "an unknown platform"
