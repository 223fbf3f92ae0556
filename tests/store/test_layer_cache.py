"""What is known of layers is kept: whole or not at all, in bounds, for its owner only."""

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
    told = ScannedLayer(digest=f"sha256:{number:064x}", blob="b", found=FOUND, files=b"\0\xff" * 8)
    return msgspec.structs.replace(told, **more)


def files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_what_is_kept_is_had_again(tmp_path: Path) -> None:
    LayerCache(tmp_path).put(layer(1))
    again = LayerCache(tmp_path)
    assert again.get(layer(1).digest) == layer(1)
    assert again.get(layer(2).digest) is None


def test_it_is_its_owners_only(tmp_path: Path) -> None:
    LayerCache(tmp_path).put(layer())
    (file,) = files_of(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_damaged_record_is_none(tmp_path: Path, at: int) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer())
    (file,) = files_of(tmp_path)
    told = bytearray(file.read_bytes())
    told[at] ^= 1
    file.write_bytes(told)
    assert cache.get(layer().digest) is None
    cache.put(layer())
    assert cache.get(layer().digest) == layer()


@pytest.mark.parametrize("length", [0, 10, 32, 60])
def test_a_record_that_was_cut_is_none(tmp_path: Path, length: int) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer())
    (file,) = files_of(tmp_path)
    os.truncate(file, length)
    assert cache.get(layer().digest) is None


def test_a_record_in_anothers_place_is_none(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path)
    cache.put(layer(1))
    (file,) = files_of(tmp_path)
    file.rename(file.with_name(f"{2:064x}.layer"))
    assert cache.get(layer(2).digest) is None


def test_other_rules_other_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LayerCache(tmp_path).put(layer())
    monkeypatch.setattr(layer_cache, "VERSION", "2-other")
    assert LayerCache(tmp_path).get(layer().digest) is None


@pytest.mark.parametrize(
    "digest", ["", "sha256:x", "sha256:../../../etc/passwd", "sha256:" + "0" * 63 + "/", "md5:0"]
)
def test_a_digest_that_is_none_names_no_file(tmp_path: Path, digest: str) -> None:
    cache = LayerCache(tmp_path / "cache")
    cache.put(layer(digest=digest))
    assert cache.get(digest) is None
    assert files_of(tmp_path) == []


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path, most_bytes=10_000)
    big = b"x" * 2800
    for number in range(3):
        cache.put(layer(number, files=big))
        (file,) = tmp_path.rglob(f"{number:064x}.layer")
        os.utime(file, (number, number))
    assert cache.get(layer(0).digest) is not None, "it is used, and so the newest"
    cache.put(layer(3, files=big))
    there = [number for number in range(4) if cache.get(layer(number).digest)]
    assert there == [0, 2, 3]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = LayerCache(tmp_path / "file")
    cache.put(layer())
    assert cache.get(layer().digest) is None


def test_many_at_once_never_see_half_a_record(tmp_path: Path) -> None:
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


def test_it_is_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENHQM_TUI_CACHE_DIR", str(tmp_path / "mine"))
    LayerCache().put(layer())
    assert len(files_of(tmp_path / "mine" / "layers")) == 1
