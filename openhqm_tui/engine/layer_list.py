"""What an image in the engine's store is made of.

No request tells a layer's compressed size, so the image is asked for as a file, of which no more
is read than up to its manifest and its config: nothing is written, and no layer is unpacked.
"""

from __future__ import annotations

import http.client
import tarfile
from urllib.parse import quote

from openhqm_tui.domain.journal import Layer
from openhqm_tui.domain.layer_list import config_digest, layers_of
from openhqm_tui.engine.api import EngineApi, EngineSilent
from openhqm_tui.engine.images import ImageUnknown, platform_query

# Of a manifest, a config; and of all that may be one of them, together.
_MOST_BYTES = 4 << 20
_MOST_KEPT = 32 << 20
_BUFFER = 1 << 18


def read_layers(
    reference: str, platform: str, manifest: str, api: EngineApi | None = None
) -> tuple[Layer, ...]:
    """Return the layers of one platform's image, the lowest first; raises ImageUnknown.

    `manifest` is the digest of its manifest, as `SeenImage.digest` has it. A store that keeps
    images without their manifests (the classic one) can't tell.
    """
    path = f"/images/get?names={quote(reference, safe='')}&{platform_query(platform)}"
    try:
        with api or EngineApi() as asked:
            response = asked.open(path)
            if response.status != http.client.OK:
                raise ImageUnknown(f"the engine doesn't hand {reference} over ({response.status})")
            layers = _read(response, manifest)
    except (EngineSilent, OSError, tarfile.TarError, http.client.HTTPException) as error:
        raise ImageUnknown(f"the layers of {reference} can't be read ({error})") from error
    if not layers:
        raise ImageUnknown(f"the engine doesn't tell the layers of {reference}")
    return layers


def _read(response: http.client.HTTPResponse, manifest: str) -> tuple[Layer, ...]:
    """Read an image's file until its manifest and its config have come by, in whatever order."""
    kept: dict[str, bytes] = {}
    room = _MOST_KEPT
    with tarfile.open(fileobj=response, mode="r|", bufsize=_BUFFER) as file:
        for member in file:
            algorithm, _, digest = member.name.removeprefix("blobs/").partition("/")
            blob = file.extractfile(member) if member.isfile() else None
            if blob is None or not digest or member.size > min(_MOST_BYTES, room):
                continue
            room -= member.size
            kept[f"{algorithm}:{digest}"] = blob.read()
            config = config_digest(kept[manifest]) if manifest in kept else ""
            if config in kept:
                return layers_of(kept[manifest], kept[config])
    return layers_of(kept.get(manifest, b""), b"")
