"""Images in the engine's store, by digest: index, config, history, layers, sizes.

The command line doesn't show an index, so this uses the Engine API. Each function accepts a
connection; without one it opens its own, for one request. Registries are queried by Docker's own
commands, which know the credentials.
"""

from __future__ import annotations

import http.client
import json
import tarfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from openhqm_tui.domain.checks.evidence import SeenConfig, SeenImage
from openhqm_tui.domain.checks.layer_manifest import (
    ATTESTATION,
    ImageDocuments,
    config_digest,
    manifests_in,
)
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run.published import PublishedImage, PublishedIndex
from openhqm_tui.engine.docker.api import EngineApi, EngineSilent

_NO_PLATFORM = "unknown/unknown"


class ImageUnknown(Problem):
    """The engine's store doesn't have what was requested; `str()` is the reason."""


def read_index(reference: str, api: EngineApi | None = None) -> tuple[str, list[SeenImage]]:
    """Return the digest of an image's index and its images, without attestations.

    An attestation that has a platform's image, or that its layers show not to be one, is included.
    `reference` is a name, `NAME@DIGEST` or an id. Raises ImageUnknown.
    """
    answer = _dict(_ask(f"/images/{quote(reference, safe='/:@')}/json?manifests=1", reference, api))
    top = _dict(answer.get("Descriptor"))
    digest = str(top.get("digest") or answer.get("Id") or "")
    named = {str(name): str(value) for name, value in _dict(top.get("annotations")).items()}
    if "Manifests" not in answer:
        # The classic store keeps one platform and no index.
        platform = _spell(answer.get("Os"), answer.get("Architecture"), answer.get("Variant"))
        size = int(answer.get("Size") or 0)
        return digest, [SeenImage(platform=platform, digest=digest, unpacked_size=size)]
    images = []
    for manifest in answer["Manifests"]:
        descriptor = manifest.get("Descriptor") or {}
        data = manifest.get("ImageData") or {}
        p = descriptor.get("platform") or data.get("Platform") or {}
        platform = _spell(p.get("os"), p.get("architecture"), p.get("variant"))
        kind, annotations = manifest.get("Kind"), descriptor.get("annotations") or {}
        is_attestation = kind == "attestation" or ATTESTATION in annotations
        if is_attestation and platform in {"", _NO_PLATFORM}:
            continue
        images.append(
            SeenImage(
                platform=platform,
                digest=str(manifest.get("ID") or ""),
                os_version=str(p.get("os.version") or ""),
                attestation=is_attestation,
                annotations=named,
                content_size=int((manifest.get("Size") or {}).get("Content") or 0),
                unpacked_size=int((data.get("Size") or {}).get("Unpacked") or 0),
            )
        )
    return digest, images


def platforms_here(reference: str) -> tuple[str, ...]:
    """Return the platforms whose images are completely in the store; () if it has no such image.

    Raises ImageUnknown if the engine doesn't respond.
    """
    try:
        answer = _dict(
            _ask(f"/images/{quote(reference, safe='/:@')}/json?manifests=1", reference, None)
        )
    except ImageUnknown as error:
        if "no such image" in str(error).lower():
            return ()
        raise
    if "Manifests" not in answer:
        return (_spell(answer.get("Os"), answer.get("Architecture"), answer.get("Variant")),)
    found = []
    for manifest in answer["Manifests"]:
        descriptor, data = manifest.get("Descriptor") or {}, manifest.get("ImageData") or {}
        p = descriptor.get("platform") or data.get("Platform") or {}
        if manifest.get("Available") and manifest.get("Kind") == "image":
            found.append(_spell(p.get("os"), p.get("architecture"), p.get("variant")))
    return tuple(found)


def read_distribution(reference: str, api: EngineApi | None = None) -> PublishedIndex:
    """Return what a registry has under a tag, as the engine sees it; raises ImageUnknown.

    The engine's own settings apply, such as registries without TLS or with their own CA. It
    doesn't return the digests of the platforms' images.
    """
    path = f"/distribution/{quote(reference, safe='/:@')}/json"
    answer = _dict(_ask(path, reference, api))
    spelled = [
        _spell(p.get("os"), p.get("architecture"), p.get("variant"))
        for p in map(_dict, answer.get("Platforms") or ())
    ]
    images = [PublishedImage(name, "") for name in spelled if name != _NO_PLATFORM]
    return PublishedIndex(
        digest=str(_dict(answer.get("Descriptor")).get("digest") or ""),
        is_index=len(spelled) > 1,
        images=tuple(images) if len(spelled) > 1 else (),
        attestations=len(spelled) - len(images),
    )


def read_config(reference: str, platform: str, api: EngineApi | None = None) -> SeenConfig:
    """Return the config of one platform's image, without its history.

    Raises ImageUnknown.
    """
    query = platform_query(platform)
    answer = _dict(_ask(f"/images/{quote(reference, safe='/:@')}/json?{query}", reference, api))
    config, files = _dict(answer.get("Config")), answer.get("RootFS")
    health = _dict(config.get("Healthcheck"))
    return SeenConfig(
        os=str(answer.get("Os") or ""),
        arch=str(answer.get("Architecture") or ""),
        variant=str(answer.get("Variant") or ""),
        author=str(answer.get("Author") or ""),
        user=str(config.get("User") or ""),
        working_dir=str(config.get("WorkingDir") or ""),
        stop_signal=str(config.get("StopSignal") or ""),
        labels={str(k): str(v) for k, v in _dict(config.get("Labels")).items()},
        env=_words(config.get("Env")),
        entrypoint=_words(config.get("Entrypoint")),
        cmd=_words(config.get("Cmd")),
        volumes=tuple(map(str, _dict(config.get("Volumes")))),
        ports=tuple(map(str, _dict(config.get("ExposedPorts")))),
        health_check=_words(health.get("Test")),
        # In nanoseconds.
        health_timeout=max(float(health.get("Timeout") or 0), 0.0) / 1e9,
        shell=_words(config.get("Shell")),
        # The engine omits the list if there are no layers.
        layers=_words(files.get("Layers")) if isinstance(files, dict) else None,
    )


def read_history(
    reference: str, platform: str, api: EngineApi | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the instructions that built one platform's image, newest first, and their comments.

    Raises ImageUnknown.
    """
    query = platform_query(platform)
    answer = _ask(f"/images/{quote(reference, safe='/:@')}/history?{query}", reference, api)
    lines = [_dict(line) for line in answer] if isinstance(answer, list) else []
    made_by = tuple(str(line.get("CreatedBy") or "") for line in lines)
    return made_by, tuple(str(line.get("Comment") or "") for line in lines)


def platform_query(platform: str) -> str:
    """Return the query for one platform: `platform={"os": …}`, quoted."""
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
                status, answer = once.get(path)
        else:
            status, answer = api.get(path)
    except EngineSilent as error:
        raise ImageUnknown(f"{reference}: {error}") from error
    if status != http.client.OK:
        message = str((answer.get("message") if isinstance(answer, dict) else "") or status)
        if "too new" in message:
            message = "Docker Engine 28.1 or later is required to read an image's index"
        if "does not provide the specified platform" in message:
            message = (
                "the engine's store has no image for this platform: build it, or pull it with "
                "`docker pull --platform PLATFORM IMAGE`"
            )
        raise ImageUnknown(message)
    return answer


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


# The index and the manifests of an image in the engine's store.
#
# No request returns them, so the image is exported, and read only up to the last of them: nothing
# is written, and no layer is unpacked.

# Limits for one document, and for all blobs that may be one of them.
_MOST_BYTES = 4 << 20
_MOST_KEPT = 32 << 20
_BUFFER = 1 << 18


def read_documents(reference: str, top: str, api: EngineApi | None = None) -> ImageDocuments:
    """Return the index of an image, its manifests and their configs; raises ImageUnknown.

    `top` is the digest of its index, or of its only manifest. The classic store keeps neither.
    """
    path = f"/images/get?names={quote(reference, safe='')}"
    try:
        with api or EngineApi() as asked:
            response = asked.open(path)
            if response.status != http.client.OK:
                raise ImageUnknown(
                    f"the engine can't export {reference} (HTTP status {response.status})"
                )
            blobs = _read(response, top)
    except (EngineSilent, OSError, tarfile.TarError, http.client.HTTPException) as error:
        raise ImageUnknown(f"the manifests of {reference} can't be read ({error})") from error
    if top not in blobs:
        raise ImageUnknown(f"the engine's export of {reference} has no manifest")
    return ImageDocuments(top, blobs)


def _read(response: http.client.HTTPResponse, top: str) -> dict[str, bytes]:
    """Read an image's export up to the last of its documents, in any order."""
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
            if top in kept and not (_documents(kept, top) - kept.keys()):
                break
    documents = _documents(kept, top)
    return {digest: blob for digest, blob in kept.items() if digest in documents}


def _documents(kept: dict[str, bytes], top: str) -> set[str]:
    """Return the digests of the documents of an image that are known so far."""
    manifests = manifests_in(kept.get(top, b"")) or (top,)
    configs = {config_digest(kept[one]) for one in manifests if one in kept}
    return {top, *manifests, *configs} - {""}


_BUILDX = ("docker", "buildx", "imagetools")


def push_command(tag: str) -> list[str]:
    """Return the command that pushes a tag of the engine's store, with all its platforms."""
    return ["docker", "push", tag]


def pull_command(reference: str, platform: str) -> list[str]:
    """Return the command that pulls one platform's image by the digest of its index."""
    return ["docker", "pull", "--quiet", "--platform", platform, reference]


def tag_command(tag: str, reference: str, builder: str = "") -> list[str]:
    """Return the command that tags an image that a registry has by its digest, unchanged.

    If the tag is in another registry, the image is copied there.
    """
    # By default Buildx wraps an image without an index in one, which changes the digest.
    return [*_create(builder), "--prefer-index=false", "--tag", tag, reference]


def merge_command(name: str, parts: Sequence[str], builder: str = "") -> list[str]:
    """Return the command that pushes an index of images that a registry has by their digests.

    `name` is `REPOSITORY@DIGEST` with the digest of the index, so that it gets no tag.
    """
    return [*_create(builder), "--tag", name, *parts]


def merged_command(parts: Sequence[str], builder: str = "") -> list[str]:
    """Return the command that prints the index that `merge_command` would push."""
    return [*_create(builder), "--dry-run", *parts]


def read_back_command(reference: str, builder: str = "") -> list[str]:
    """Return the command that prints an index or a manifest unchanged."""
    return [*_BUILDX, "inspect", *_of(builder), "--raw", reference]


def _create(builder: str) -> list[str]:
    return [*_BUILDX, "create", *_of(builder), "--progress", "plain"]


def _of(builder: str) -> list[str]:
    # The builder's settings list the registries with plain HTTP or their own CA.
    return ["--builder", builder] if builder else []
