"""Images in the engine's store, asked by digest: index, config, sizes.

The command line shows no index, so the Engine API is asked, through the connection that
`docker system dial-stdio` gives: it honours contexts, ssh and TLS as `docker` itself does.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from typing import Any
from urllib.parse import quote

from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.problems import Problem, UsageProblem
from openhqm_tui.domain.proof import SeenConfig, SeenImage

# `manifests` came with API 1.48 (Engine 28.0), `platform` with 1.49 (Engine 28.1).
_API = "v1.49"
_TIMEOUT = 20.0
_ATTESTATION = "vnd.docker.reference.type"


class ImageUnknown(Problem):
    """The store does not tell what was asked; `str()` says why."""


def read_index(reference: str) -> tuple[str, list[SeenImage]]:
    """Return the digest of an image's index and what it holds, attestations left out.

    `reference` is a name, `NAME@DIGEST` or an id. Raises ImageUnknown.
    """
    told = _get(f"/images/{quote(reference, safe='/:@')}/json?manifests=1", reference)
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


def read_config(reference: str, platform: str) -> SeenConfig:
    """Return what the config of one platform's image says; raises ImageUnknown."""
    os_name, _, rest = platform.partition("/")
    arch, _, variant = rest.partition("/")
    wanted = {"os": os_name, "architecture": arch} | ({"variant": variant} if variant else {})
    query = quote(json.dumps(wanted))
    told = _get(f"/images/{quote(reference, safe='/:@')}/json?platform={query}", reference)
    config = told.get("Config") or {}
    return SeenConfig(
        os=str(told.get("Os") or ""),
        arch=str(told.get("Architecture") or ""),
        variant=str(told.get("Variant") or ""),
        user=str(config.get("User") or ""),
        labels={str(k): str(v) for k, v in (config.get("Labels") or {}).items()},
        env=tuple(str(line) for line in config.get("Env") or ()),
        command=tuple(
            str(word) for part in ("Entrypoint", "Cmd") for word in config.get(part) or ()
        ),
    )


def _spell(os_name: Any, arch: Any, variant: Any) -> str:
    text = "/".join(str(part) for part in (os_name, arch, variant) if part)
    try:
        return str(parse_platform(text))
    except UsageProblem:
        return text


def _get(path: str, reference: str) -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    ours.settimeout(_TIMEOUT)
    try:
        with subprocess.Popen(
            ["docker", "system", "dial-stdio"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as dial:
            theirs.close()
            try:
                connection = http.client.HTTPConnection("docker")
                connection.sock = ours
                connection.request("GET", f"/{_API}{path}", headers={"Connection": "close"})
                response = connection.getresponse()
                body = response.read()
            finally:
                ours.close()
                dial.kill()
    except (OSError, http.client.HTTPException) as error:
        raise ImageUnknown(f"the engine did not answer for {reference} ({error})") from error
    try:
        told: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise ImageUnknown(f"the engine's answer for {reference} can't be read") from error
    if response.status != http.client.OK:
        message = str(told.get("message") or response.status)
        if "too new" in message:
            message = "the engine is older than 28.1 and does not show an image's index"
        raise ImageUnknown(message)
    return told
