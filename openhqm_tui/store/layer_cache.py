"""Results for layers, cached by digest: layers that images share are read once.

One file per layer, written atomically, so that any number of processes may use the cache.
A corrupt file, or a file of another version of the rules, is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks import file_kinds
from openhqm_tui.domain.checks.layers import ScannedLayer
from openhqm_tui.domain.secrets import detect
from openhqm_tui.files.replace import replace_file
from openhqm_tui.store.paths import cache_folder, make_private

# Increase it if the fields of a record change, or if its reader finds other things.
_SCHEMA = 3
_RULES = hashlib.sha256(f"{_SCHEMA}\n{file_kinds.RULES}\n{detect.RULES}".encode())
VERSION = f"{_SCHEMA}-{_RULES.hexdigest()[:16]}"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_SUM_BYTES = 32
_SUFFIX = ".layer"
MOST_BYTES = 64 << 20


class LayerCache:
    """The records in a cache folder (None: this user's), of at most `most_bytes` in total."""

    def __init__(self, folder: Path | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        top = cache_folder() if folder is None else folder
        self._top = None if top is None else top / "layers"
        self._most_bytes = most_bytes

    def get(self, digest: str) -> ScannedLayer | None:
        """Return the record of a layer; None if there is none, or it can't be read."""
        file = self._file(digest)
        if file is None:
            return None
        try:
            encoded = file.read_bytes()
            if hashlib.sha256(encoded[_SUM_BYTES:]).digest() != encoded[:_SUM_BYTES]:
                return None
            layer = msgspec.msgpack.decode(encoded[_SUM_BYTES:], type=ScannedLayer)
            # The most recently used is removed last.
            os.utime(file)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return layer if layer.digest == digest else None

    def put(self, layer: ScannedLayer) -> None:
        """Keep the record of a layer; if it can't be written, the layer is read again next time."""
        file = self._file(layer.digest)
        if file is None:
            return
        encoded = msgspec.msgpack.encode(layer)
        with contextlib.suppress(OSError):
            make_private(file.parent)
            replace_file(file, hashlib.sha256(encoded).digest() + encoded)
            self._make_room(file.parents[1])

    def _file(self, digest: str) -> Path | None:
        # The digest comes from the image, which isn't trusted.
        found = _DIGEST.fullmatch(digest)
        return self._top / VERSION / f"{found[1]}{_SUFFIX}" if found and self._top else None

    def _make_room(self, top: Path) -> None:
        """Remove the least recently used records, of all versions, until the rest fits."""
        aged: list[tuple[float, int, Path]] = []
        for file in top.glob("*/*"):
            # Another process may have just removed it.
            with contextlib.suppress(FileNotFoundError):
                status = file.stat()
                aged.append((status.st_mtime, status.st_size, file))
        total = sum(size for _, size, _ in aged)
        for _, size, file in sorted(aged):
            if total <= self._most_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size
