"""The cache of layer scans: complete records only, limited in size, private to its owner."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.checks.layers import FileKind, Found, ScannedLayer
from openhqm_tui.store import layer_cache
from openhqm_tui.store.layer_cache import LayerCache

FOUND = (Found(FileKind.BINARY, "/usr/bin/x", "aarch64", 5), Found(FileKind.SECRET, "/é", "key"))


def layer(number: int = 0, **more: object) -> ScannedLayer:
    scanned = ScannedLayer(
        digest=f"sha256:{number:064x}", blob="b", found=FOUND, files=b"\0\xff" * 8
    )
    return msgspec.structs.replace(scanned, **more)


def files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_a_record_is_read_back(tmp_path: Path) -> None:
    LayerCache(tmp_path).put(layer(1))
    reopened = LayerCache(tmp_path)
    assert reopened.get(layer(1).digest) == layer(1)
    assert reopened.get(layer(2).digest) is None


def test_only_the_owner_may_read_the_cache(tmp_path: Path) -> None:
    LayerCache(tmp_path).put(layer())
    (file,) = files_of(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_damaged_record_is_ignored(tmp_path: Path, at: int) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer())
    (file,) = files_of(tmp_path)
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    assert cache.get(layer().digest) is None
    cache.put(layer())
    assert cache.get(layer().digest) == layer()


@pytest.mark.parametrize("length", [0, 10, 32, 60])
def test_a_truncated_record_is_ignored(tmp_path: Path, length: int) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer())
    (file,) = files_of(tmp_path)
    os.truncate(file, length)
    assert cache.get(layer().digest) is None


def test_a_record_under_another_digest_is_ignored(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer(1))
    (file,) = files_of(tmp_path)
    file.rename(file.with_name(f"{2:064x}.layer"))
    assert cache.get(layer(2).digest) is None


def test_records_of_another_version_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LayerCache(tmp_path).put(layer())
    monkeypatch.setattr(layer_cache, "VERSION", "2-other")
    assert LayerCache(tmp_path).get(layer().digest) is None


@pytest.mark.parametrize(
    "digest", ["", "sha256:x", "sha256:../../../etc/passwd", "sha256:" + "0" * 63 + "/", "md5:0"]
)
def test_an_invalid_digest_names_no_file(tmp_path: Path, digest: str) -> None:
    cache = LayerCache(tmp_path / "cache")
    cache.put(layer(digest=digest))
    assert cache.get(digest) is None
    assert files_of(tmp_path) == []


def test_the_least_recently_used_record_is_removed_first(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path, most_bytes=10_000)
    big = b"x" * 2800
    for number in range(3):
        cache.put(layer(number, files=big))
        (file,) = tmp_path.rglob(f"{number:064x}.layer")
        os.utime(file, (number, number))
    assert cache.get(layer(0).digest) is not None, "reading it makes it the most recently used"
    cache.put(layer(3, files=big))
    kept = [number for number in range(4) if cache.get(layer(number).digest)]
    assert kept == [0, 2, 3]


def test_an_unwritable_cache_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = LayerCache(tmp_path / "file")
    cache.put(layer())
    assert cache.get(layer().digest) is None


def test_concurrent_readers_never_see_a_partial_record(tmp_path: Path) -> None:
    wrong: list[object] = []

    def work() -> None:
        cache = LayerCache(tmp_path, most_bytes=20_000)
        for number in [*range(8)] * 10:
            cache.put(layer(number, files=bytes([number]) * 4000))
            seen = cache.get(layer(number).digest)
            if seen is not None and seen.files != bytes([number]) * 4000:
                wrong.append(seen)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(file.suffix == ".layer" for file in files_of(tmp_path))


def test_the_cache_is_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENHQM_TUI_CACHE_DIR", str(tmp_path / "mine"))
    LayerCache().put(layer())
    assert len(files_of(tmp_path / "mine" / "layers")) == 1
