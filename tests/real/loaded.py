"""Images assembled from bytes and loaded: fast, and possible where no Dockerfile can build them."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.engine.tars import Made, digest_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "": bytes,
}


def load(
    name: str, platforms: dict[str, Sequence[bytes]], pack: str = "gzip", **config: Any
) -> None:
    """Load an image of several platforms, made of their layers, under a name."""
    blobs: dict[str, bytes] = {}

    def keep(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}

    manifests = []
    for platform, layers in platforms.items():
        os_name, arch = platform.split("/")
        config_document = {
            "os": os_name,
            "architecture": arch,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
            "history": [{"created_by": f"COPY {number} /"} for number, _ in enumerate(layers)],
        }
        kind = f"{_LAYER}+{pack}" if pack else _LAYER
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": keep(
                json.dumps(config_document).encode(), "application/vnd.oci.image.config.v1+json"
            ),
            "layers": [keep(_PACKERS[pack](layer), kind) for layer in layers],
        }
        one = keep(json.dumps(manifest).encode(), str(manifest["mediaType"]))
        manifests.append(one | {"platform": {"os": os_name, "architecture": arch}})
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    }
    top = keep(json.dumps(index).encode(), str(index["mediaType"]))
    top["annotations"] = {"io.containerd.image.name": f"docker.io/{name}"}
    made = Made().file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    made.file("index.json", json.dumps({"schemaVersion": 2, "manifests": [top]}).encode())
    for path, data in blobs.items():
        made.file(path, data)
    ran = subprocess.run(
        ["docker", "image", "load"],
        input=made.done(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
