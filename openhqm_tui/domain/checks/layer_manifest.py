"""An image's index and manifests: its layers, their instructions and sharing, and annotations."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.text import Inert, one_line

# The engine allows 128; more would make a line of the journal too long to be read.
_MOST_LAYERS = 256
_LONGEST = 120
_OURS = re.compile(r"^/bin/sh -c (?:#\(nop\)\s*)?|\s*# buildkit$")
# With this annotation, an index lists a manifest as an attestation of another.
ATTESTATION = "vnd.docker.reference.type"
# The types of layers that are unpacked into a file system.
_FILES = re.compile(r"^application/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\b")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ImageLayer(Inert, frozen=True, kw_only=True):
    """One layer of an image as a registry keeps it; `size` in compressed bytes.

    `created_by` is the instruction that made it, shortened; '' if the image doesn't say.
    """

    digest: str
    size: Bytes = 0
    created_by: str = ""


class ImageDocuments(msgspec.Struct, frozen=True):
    """The index of an image, its manifests and their configs, by digest.

    `top` is the digest of the first document: an image for one platform may have only a manifest.
    Documents that the store doesn't have are missing here.
    """

    top: str
    blobs: Mapping[str, bytes]

    def layers(self, manifest: str) -> tuple[ImageLayer, ...]:
        """Return the layers of one platform's image, the lowest first; () if they are unknown."""
        blob = self.blobs.get(manifest, b"")
        return layers_of(blob, self.blobs.get(config_digest(blob), b""))

    def annotations(self, manifest: str) -> dict[str, str]:
        """Return the annotations of the index, of a manifest, and of what both refer to."""
        whole = self._read(self.top) if manifest != self.top else {}
        own = self._read(manifest)
        listed = [one for one in _dicts(whole.get("manifests")) if one.get("digest") == manifest]
        parts = (whole, *listed, own, _dict(own.get("config")), *_dicts(own.get("layers")))
        found: dict[str, str] = {}
        for part in parts:
            for name, value in _annotations(part).items():
                # A name in several places may have several values.
                found[name] = f"{found[name]}\n{value}" if name in found else str(value)
        return found

    def false_attestations(self) -> frozenset[str]:
        """Return the manifests that the index lists as attestations, but whose layers are files."""
        listed = _dicts(self._read(self.top).get("manifests"))
        digests = (str(one.get("digest")) for one in listed if ATTESTATION in _annotations(one))
        return frozenset(digest for digest in digests if self._has_files(digest))

    def _has_files(self, manifest: str) -> bool:
        layers = _dicts(self._read(manifest).get("layers"))
        return any(_FILES.search(str(layer.get("mediaType"))) for layer in layers)

    def _read(self, digest: str) -> dict[str, Any]:
        return _read(self.blobs.get(digest, b""))


def manifests_in(index: bytes) -> tuple[str, ...]:
    """Return the digests of the manifests in an index; () if it isn't an index."""
    digests = (one.get("digest") for one in _dicts(_read(index).get("manifests")))
    return tuple(digest for digest in digests if isinstance(digest, str))


def config_digest(manifest: bytes) -> str:
    """Return the digest of the config in a manifest, or ''."""
    digest = _dict(_read(manifest).get("config")).get("digest")
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""


def layers_of(manifest: bytes, config: bytes) -> tuple[ImageLayer, ...]:
    """Return the layers of an image, the lowest first; () if the manifest can't be read.

    Instructions are known if the config's history has an entry for each layer.
    """
    found = _dicts(_read(manifest).get("layers"))
    whole = _read(config)
    mask = _mask_of(_dict(whole.get("config")))
    made = [
        str(step.get("created_by") or "")
        for step in _dicts(whole.get("history"))
        if not step.get("empty_layer")
    ]
    if len(made) != len(found):
        made = [""] * len(found)
    layers = []
    for one, made_by in zip(found, made, strict=True):
        digest, size = one.get("digest"), one.get("size")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            return ()
        if not isinstance(size, int) or not 0 <= size < 2**63:
            return ()
        # Masked before it is shortened: half of a token isn't recognized.
        words = one_line(_OURS.sub("", mask.start(made_by)), _LONGEST)
        layers.append(ImageLayer(digest=digest, size=size, created_by=words))
    return tuple(layers[:_MOST_LAYERS])


def _mask_of(config: dict[str, Any]) -> Mask:
    env = config.get("Env")
    lines = [line for line in env if isinstance(line, str)] if isinstance(env, list) else []
    labels = {name: str(value) for name, value in _dict(config.get("Labels")).items()}
    return Mask(config_secrets(lines, labels))


def _read(blob: bytes) -> dict[str, Any]:
    try:
        return _dict(json.loads(blob))
    except (ValueError, RecursionError):
        return {}


def _annotations(part: Mapping[str, Any]) -> dict[str, Any]:
    return _dict(part.get("annotations"))


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def holders(images: Sequence[Sequence[ImageLayer]]) -> Counter[str]:
    """Return the number of images that have each layer, by its digest."""
    return Counter(digest for layers in images for digest in {layer.digest for layer in layers})


def own_bytes(layers: Sequence[ImageLayer], held: Counter[str]) -> int:
    """Return the compressed bytes that no other image has, each layer counted once."""
    return sum(size for digest, size in by_digest(layers).items() if held[digest] <= 1)


def in_every(images: Sequence[Sequence[ImageLayer]]) -> frozenset[str]:
    """Return the digests of the layers that every one of several images has."""
    if len(images) < 2:
        return frozenset()
    return frozenset.intersection(*(frozenset(by_digest(layers)) for layers in images))


def unique_bytes(images: Sequence[Sequence[ImageLayer]]) -> int:
    """Return the compressed bytes of all images, each layer counted once."""
    return sum(by_digest([layer for layers in images for layer in layers]).values())


def by_digest(layers: Sequence[ImageLayer]) -> dict[str, int]:
    """Return the compressed size of each different layer."""
    return {layer.digest: layer.size for layer in layers}
