"""Images in the engine's store, by digest: index, config, history, layers, sizes.

The command line shows no index, so the Engine API is asked. Each function takes the connection
to ask over; without one it makes its own, for this one request.
"""

from __future__ import annotations

import http.client
import json
import tarfile
from typing import Any
from urllib.parse import quote

from openhqm_tui.domain.checks.evidence import SeenConfig, SeenImage
from openhqm_tui.domain.checks.layer_manifest import ImageLayer, config_digest, layers_of
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run.published import PublishedImage, PublishedIndex
from openhqm_tui.engine.docker.api import EngineApi, EngineSilent

_ATTESTATION = "vnd.docker.reference.type"


class ImageUnknown(Problem):
    """The store does not tell what was asked; `str()` says why."""


def read_index(reference: str, api: EngineApi | None = None) -> tuple[str, list[SeenImage]]:
    """Return the digest of an image's index and what it holds, attestations left out.

    `reference` is a name, `NAME@DIGEST` or an id. Raises ImageUnknown.
    """
    told = _dict(_ask(f"/images/{quote(reference, safe='/:@')}/json?manifests=1", reference, api))
    digest = str((told.get("Descriptor") or {}).get("digest") or told.get("Id") or "")
    if "Manifests" not in told:
        # The classic store keeps one platform and no index.
        platform = _spell(told.get("Os"), told.get("Architecture"), told.get("Variant"))
        size = int(told.get("Size") or 0)
        return digest, [SeenImage(platform=platform, digest=digest, unpacked_size=size)]
    images = []
    for manifest in told["Manifests"]:
        descriptor = manifest.get("Descriptor") or {}
        kind, annotations = manifest.get("Kind"), descriptor.get("annotations") or {}
        if kind == "attestation" or _ATTESTATION in annotations:
            continue
        data = manifest.get("ImageData") or {}
        p = descriptor.get("platform") or data.get("Platform") or {}
        images.append(
            SeenImage(
                platform=_spell(p.get("os"), p.get("architecture"), p.get("variant")),
                digest=str(manifest.get("ID") or ""),
                content_size=int((manifest.get("Size") or {}).get("Content") or 0),
                unpacked_size=int((data.get("Size") or {}).get("Unpacked") or 0),
            )
        )
    return digest, images


def platforms_here(reference: str) -> tuple[str, ...]:
    """Return the platforms whose images the store has in full, none where it has no such image.

    Raises ImageUnknown where the engine doesn't tell.
    """
    try:
        told = _dict(
            _ask(f"/images/{quote(reference, safe='/:@')}/json?manifests=1", reference, None)
        )
    except ImageUnknown as error:
        if "no such image" in str(error).lower():
            return ()
        raise
    if "Manifests" not in told:
        return (_spell(told.get("Os"), told.get("Architecture"), told.get("Variant")),)
    found = []
    for manifest in told["Manifests"]:
        descriptor, data = manifest.get("Descriptor") or {}, manifest.get("ImageData") or {}
        p = descriptor.get("platform") or data.get("Platform") or {}
        if manifest.get("Available") and manifest.get("Kind") == "image":
            found.append(_spell(p.get("os"), p.get("architecture"), p.get("variant")))
    return tuple(found)


def read_distribution(reference: str, api: EngineApi | None = None) -> PublishedIndex:
    """Return what a registry has under a tag, as the engine sees it; raises ImageUnknown.

    It takes registries without TLS, or with a CA of their own, that only its settings name. The
    digests of the platforms' images it doesn't tell.
    """
    path = f"/distribution/{quote(reference, safe='/:@')}/json"
    told = _dict(_ask(path, reference, api))
    spelled = [
        _spell(p.get("os"), p.get("architecture"), p.get("variant"))
        for p in map(_dict, told.get("Platforms") or ())
    ]
    images = [PublishedImage(name, "") for name in spelled if name != "unknown/unknown"]
    return PublishedIndex(
        digest=str(_dict(told.get("Descriptor")).get("digest") or ""),
        is_index=len(spelled) > 1,
        images=tuple(images) if len(spelled) > 1 else (),
        attestations=len(spelled) - len(images),
    )


def read_config(reference: str, platform: str, api: EngineApi | None = None) -> SeenConfig:
    """Return what the config of one platform's image says, its history aside.

    Raises ImageUnknown.
    """
    query = platform_query(platform)
    told = _dict(_ask(f"/images/{quote(reference, safe='/:@')}/json?{query}", reference, api))
    config, layers = _dict(told.get("Config")), _dict(told.get("RootFS")).get("Layers")
    return SeenConfig(
        os=str(told.get("Os") or ""),
        arch=str(told.get("Architecture") or ""),
        variant=str(told.get("Variant") or ""),
        author=str(told.get("Author") or ""),
        user=str(config.get("User") or ""),
        working_dir=str(config.get("WorkingDir") or ""),
        stop_signal=str(config.get("StopSignal") or ""),
        labels={str(k): str(v) for k, v in _dict(config.get("Labels")).items()},
        env=_words(config.get("Env")),
        entrypoint=_words(config.get("Entrypoint")),
        cmd=_words(config.get("Cmd")),
        volumes=tuple(map(str, _dict(config.get("Volumes")))),
        ports=tuple(map(str, _dict(config.get("ExposedPorts")))),
        health_check=_words(_dict(config.get("Healthcheck")).get("Test")),
        layers=_words(layers) if isinstance(layers, list) else None,
    )


def read_history(reference: str, platform: str, api: EngineApi | None = None) -> tuple[str, ...]:
    """Return the instructions that made one platform's image, the newest first.

    Raises ImageUnknown.
    """
    query = platform_query(platform)
    told = _ask(f"/images/{quote(reference, safe='/:@')}/history?{query}", reference, api)
    lines = told if isinstance(told, list) else ()
    return tuple(str(_dict(line).get("CreatedBy") or "") for line in lines)


def platform_query(platform: str) -> str:
    """Return how a request names one platform: `platform={"os": …}`, quoted."""
    os_name, _, rest = platform.partition("/")
    arch, _, variant = rest.partition("/")
    wanted = {"os": os_name, "architecture": arch} | ({"variant": variant} if variant else {})
    return f"platform={quote(json.dumps(wanted))}"


def _spell(os_name: Any, arch: Any, variant: Any) -> str:
    text = "/".join(str(part) for part in (os_name, arch, variant) if part)
    try:
        return str(parse_platform(text))
    except UsageProblem:
        return text


def _ask(path: str, reference: str, api: EngineApi | None) -> Any:
    try:
        if api is None:
            with EngineApi() as once:
                status, told = once.get(path)
        else:
            status, told = api.get(path)
    except EngineSilent as error:
        raise ImageUnknown(f"{reference}: {error}") from error
    if status != http.client.OK:
        message = str((told.get("message") if isinstance(told, dict) else "") or status)
        if "too new" in message:
            message = "the engine is older than 28.1 and does not show an image's index"
        if "does not provide the specified platform" in message:
            message = "not in the engine's store: `docker pull --platform …` brings it"
        raise ImageUnknown(message)
    return told


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


# What an image in the engine's store is made of.
#
# No request tells a layer's compressed size, so the image is asked for as a file, of which no more
# is read than up to its manifest and its config: nothing is written, and no layer is unpacked.

# Of a manifest, a config; and of all that may be one of them, together.
_MOST_BYTES = 4 << 20
_MOST_KEPT = 32 << 20
_BUFFER = 1 << 18


def read_layers(
    reference: str, platform: str, manifest: str, api: EngineApi | None = None
) -> tuple[ImageLayer, ...]:
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


def _read(response: http.client.HTTPResponse, manifest: str) -> tuple[ImageLayer, ...]:
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
