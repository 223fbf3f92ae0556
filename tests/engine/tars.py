"""Layers and image exports for tests, as tar archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Iterator
from typing import Any

from openhqm_tui.domain.checks.layers import ScannedLayer
from openhqm_tui.engine.layers.scan import Limits, ScanLine, ScanOrder, scan_export, scan_layer
from openhqm_tui.engine.layers.stream import Budget, Stream


def elf(machine: int = 62, bits: int = 64, little: bool = True) -> bytes:
    """The first bytes of an ELF program."""
    head = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if little else 2, 1]) + bytes(9)
    return head + struct.pack("<HH" if little else ">HH", 3, machine) + bytes(44)


class Made:
    """A tar archive built entry by entry; every method returns the builder."""

    def __init__(self, form: int = tarfile.PAX_FORMAT) -> None:
        self._out = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._out, mode="w", format=form)

    def file(self, path: str, content: bytes = b"", mode: int = 0o644, **pax: Any) -> Made:
        info = tarfile.TarInfo(path)
        info.size, info.mode, info.pax_headers = len(content), mode, pax
        self._tar.addfile(info, io.BytesIO(content))
        return self

    def other(self, path: str, kind: bytes, link: str = "", mode: int = 0o755) -> Made:
        info = tarfile.TarInfo(path)
        info.type, info.linkname, info.mode = kind, link, mode
        self._tar.addfile(info)
        return self

    def folder(self, path: str) -> Made:
        return self.other(path, tarfile.DIRTYPE)

    def hard(self, path: str, link: str, mode: int = 0o755) -> Made:
        return self.other(path, tarfile.LNKTYPE, link, mode)

    def soft(self, path: str, link: str) -> Made:
        return self.other(path, tarfile.SYMTYPE, link)

    def done(self) -> bytes:
        self._tar.close()
        return self._out.getvalue()


def digest_of(layer: bytes) -> str:
    return f"sha256:{hashlib.sha256(layer).hexdigest()}"


def pieces(data: bytes, size: int = 70_001) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def budget(size: int = 1 << 30, entries: int = 100_000) -> Budget:
    return Budget(size=size, entries=entries)


def scanned(layer: bytes | Made, **limits: Any) -> ScannedLayer:
    """Return the scanner's result for one layer."""
    data = layer if isinstance(layer, bytes) else layer.done()
    return scan_layer(Stream(pieces(data)), budget(), "it", Limits(**limits))


def oci_export(*layers: bytes) -> bytes:
    """What the engine's containerd store exports: blobs by digest, gzip, then the index."""
    made = Made().folder("blobs").folder("blobs/sha256")
    for layer in layers:
        packed = gzip.compress(layer, 1, mtime=0)
        made.file(f"blobs/sha256/{hashlib.sha256(packed).hexdigest()}", packed)
    made.file("blobs/sha256/" + "0" * 64, json.dumps({"layers": []}).encode() + b" " * 600)
    return made.file("index.json", b"{}").file("manifest.json", b"[]").done()


def classic_export(*layers: bytes) -> bytes:
    """What older engines export: a folder for each layer, uncompressed."""
    made = Made()
    for number, layer in enumerate(layers):
        made.folder(f"{number}").file(f"{number}/VERSION", b"1.0").file(f"{number}/json", b"{}")
        made.file(f"{number}/layer.tar", layer)
    # Equal layers are stored once, with links to them.
    made.soft("9/layer.tar", "../0/layer.tar")
    return made.file("manifest.json", b"[]").done()


def exported(
    export: bytes, *wanted: str, known: tuple[str, ...] = (), **limits: Any
) -> list[ScanLine]:
    order = ScanOrder(wanted=wanted, known=known, limits=Limits(**limits))
    return list(scan_export(pieces(export), order))
