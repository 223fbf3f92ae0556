"""Images that no build makes: a good one's index and configs, changed, as an OCI layout.

The layout has only index, manifests and configs; the layers are already in the engine's store,
which finds them by digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.real.faults.fault import Entry, Json, Twist


def load_twisted(good: str, twists: Mapping[str, Twist], folder: Path) -> None:
    """Load an image NAME for every twist of NAME into the store, made from the image `good`."""
    saved = folder / "good.tar"
    subprocess.run(["docker", "save", "--output", str(saved), good], check=True, timeout=300)
    layout = folder / "twisted.tar"
    with tarfile.open(saved) as source, tarfile.open(layout, "w") as target:
        _Twister(source, target).write(twists)
    saved.unlink()
    load = ["docker", "load", "--quiet", "--input", str(layout)]
    subprocess.run(load, check=True, capture_output=True, timeout=300)


class _Twister:
    def __init__(self, source: tarfile.TarFile, target: tarfile.TarFile) -> None:
        self._source = source
        self._target = target
        self._written: set[str] = set()

    def write(self, twists: Mapping[str, Twist]) -> None:
        (top,) = self._member("index.json")["manifests"]
        index = self._blob(top)
        named = []
        for name, twist in twists.items():
            twisted = self._put(index | {"manifests": self._manifests(index, twist)})
            names = {"io.containerd.image.name": f"docker.io/{name}"}
            named.append({"mediaType": top["mediaType"], "annotations": names, **twisted})
        self._add("oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        self._add("index.json", json.dumps({"schemaVersion": 2, "manifests": named}).encode())

    def _manifests(self, index: Json, twist: Twist) -> list[Json]:
        images = [one for one in index["manifests"] if one["platform"]["os"] != "unknown"]
        by_arch = {one["platform"]["architecture"]: one for one in images}
        entries = [
            Entry(dict(one["platform"]), self._blob(self._blob(one)["config"])) for one in images
        ]
        first = images[0]["platform"]["architecture"]
        twist(entries)
        manifests = []
        for entry in entries:
            like = by_arch.get(entry.platform["architecture"], by_arch[first])
            manifest = self._blob(like)
            manifest["config"] |= self._put(entry.config)
            about = {"annotations": entry.annotations} if entry.annotations else {}
            manifest |= about
            manifests.append(like | {"platform": entry.platform} | about | self._put(manifest))
        return manifests

    def _member(self, path: str) -> Json:
        file = self._source.extractfile(path)
        assert file is not None, path
        document_: Json = json.loads(file.read())
        return document_

    def _blob(self, descriptor: Json) -> Json:
        return self._member("blobs/" + descriptor["digest"].replace(":", "/"))

    def _put(self, document: Json) -> Json:
        """Write a blob; return its digest and size for a descriptor."""
        data = json.dumps(document).encode()
        name = hashlib.sha256(data).hexdigest()
        if name not in self._written:
            self._written.add(name)
            self._add(f"blobs/sha256/{name}", data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    def _add(self, path: str, data: bytes) -> None:
        member = tarfile.TarInfo(path)
        member.size = len(data)
        self._target.addfile(member, io.BytesIO(data))
