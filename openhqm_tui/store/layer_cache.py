"""Results for layers, cached by digest: layers that images share are read once.

A file for each layer, written at once and in one piece, so that any number of processes may use
the cache. A damaged one, or one of another version of the rules, is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks import file_kinds
from openhqm_tui.domain.checks.layers import ScannedLayer
from openhqm_tui.domain.secrets import detect
from openhqm_tui.store.paths import cache_folder, make_private

# To be raised when a record gets other fields or its reader finds other things by the same rules.
_SCHEMA = 2
_RULES = hashlib.sha256(f"{_SCHEMA}\n{file_kinds.RULES}\n{detect.RULES}".encode())
VERSION = f"{_SCHEMA}-{_RULES.hexdigest()[:16]}"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_SUM_BYTES = 32
_SUFFIX = ".layer"
MOST_BYTES = 64 << 20


class LayerCache:
    """The records of one cache folder (None: that of this user); `most_bytes` bounds all of it."""

    def __init__(self, folder: Path | None = None, *, most_bytes: int = MOST_BYTES) -> None:
        top = cache_folder() if folder is None else folder
        self._top = None if top is None else top / "layers"
        self._most_bytes = most_bytes

    def get(self, digest: str) -> ScannedLayer | None:
        """Return what is known of a layer; None where nothing is, or it can't be read."""
        file = self._file(digest)
        if file is None:
            return None
        try:
            told = file.read_bytes()
            if hashlib.sha256(told[_SUM_BYTES:]).digest() != told[:_SUM_BYTES]:
                return None
            layer = msgspec.msgpack.decode(told[_SUM_BYTES:], type=ScannedLayer)
            # Used just now: the last to be thrown away.
            os.utime(file)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return layer if layer.digest == digest else None

    def put(self, layer: ScannedLayer) -> None:
        """Keep what is known of a layer; where nothing can be written, it is found out again."""
        file = self._file(layer.digest)
        if file is None:
            return
        told = msgspec.msgpack.encode(layer)
        with contextlib.suppress(OSError):
            make_private(file.parent)
            handle, name = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as opened:
                    opened.write(hashlib.sha256(told).digest() + told)
                Path(name).replace(file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._make_room(file.parents[1])

    def _file(self, digest: str) -> Path | None:
        # The engine says the digest, and an image may say anything.
        found = _DIGEST.fullmatch(digest)
        return self._top / VERSION / f"{found[1]}{_SUFFIX}" if found and self._top else None

    def _make_room(self, top: Path) -> None:
        """Throw away what was used longest ago, of all versions, until all is small enough."""
        aged: list[tuple[float, int, Path]] = []
        for file in top.glob("*/*"):
            # Another process may have thrown it away just now.
            with contextlib.suppress(FileNotFoundError):
                told = file.stat()
                aged.append((told.st_mtime, told.st_size, file))
        total = sum(size for _, size, _ in aged)
        for _, size, file in sorted(aged):
            if total <= self._most_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size
