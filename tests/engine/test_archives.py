"""Programs in archives of every format, and the limits for hostile archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from openhqm_tui.domain.checks.layers import FileKind, Found
from openhqm_tui.engine.layers.archives import ArchiveLimits, ArchiveReader
from openhqm_tui.engine.layers.scan import Limits, scan_layer
from openhqm_tui.engine.layers.stream import LimitExceeded, Stream
from tests.engine.tars import Made, budget, elf, pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ARM = elf(183)


def zipped(method: int = zipfile.ZIP_DEFLATED, /, **files: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def tar(**files: bytes) -> bytes:
    made = Made()
    for name, content in files.items():
        made.file(name.replace("__", "/"), content)
    return made.done()


def programs(path: str, content: bytes, **limits: int) -> list[tuple[str, str]]:
    """Return the programs found inside one file of a layer: paths and machines."""
    layer = Made().file(path, content).done()
    wanted = Limits(archives=ArchiveLimits(**limits))
    found = scan_layer(Stream(pieces(layer)), budget(), "it", wanted).found
    assert {one.kind for one in found} <= {FileKind.BINARY, FileKind.UNREAD}
    return [(one.place, one.what) for one in found]


WHEEL = zipped(x__core_so=ARM, x__a_py=b"import x")
TAR = tar(bin__x=ARM, bin__y=elf(), text=b"text" * 1000)


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        ("w/x.whl", WHEEL, [("/w/x.whl!/x/core_so", "aarch64")]),
        ("x.zip", zipped(zipfile.ZIP_STORED, a=ARM), [("/x.zip!/a", "aarch64")]),
        ("x.zip", zipped(zipfile.ZIP_BZIP2, a=ARM), [("/x.zip!/a", "aarch64")]),
        ("x.zip", zipped(zipfile.ZIP_LZMA, a=ARM), [("/x.zip!/a", "aarch64")]),
        ("no-suffix", WHEEL, [("/no-suffix!/x/core_so", "aarch64")]),
        ("app.pyz", b"#!/usr/bin/python\n" + WHEEL, [("/app.pyz!/x/core_so", "aarch64")]),
        *(
            (name, pack(TAR), [(f"/{name}!/bin/x", "aarch64"), (f"/{name}!/bin/y", "x86_64")])
            for name, pack in (
                *(("x.tgz", gzip.compress), ("x.tar.xz", lzma.compress)),
                *(("x.tar.bz2", bz2.compress), ("x.tar.zst", zstd.compress), ("x.tar", bytes)),
            )
        ),
        (
            "bundle.tar.gz",
            gzip.compress(tar(w__x_whl=WHEEL)),
            [("/bundle.tar.gz!/w/x_whl!/x/core_so", "aarch64")],
        ),
        ("two.zip", zipped(a=zipped(b=ARM)), [("/two.zip!/a!/b", "aarch64")]),
        ("four.zip", zipped(a=zipped(b=zipped(c=zipped(d=ARM)))), []),
        ("man.1.gz", gzip.compress(b"text" * 1000), []),
        ("empty.zip", zipped(), []),
        ("cut.zip", WHEEL[:-30], []),
        ("cut.tar.gz", gzip.compress(TAR)[:60], []),
        ("noise.zip", b"PK\x03\x04" + b"x" * 1000, []),
        ("noise.gz", b"\x1f\x8b" + b"x" * 1000, []),
        ("noise.tar", b"x" * 257 + b"ustar" + b"x" * 1000, []),
    ],
    # Archives contain a timestamp, so as an id they would differ in each process.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_programs_in_archives_are_found(
    path: str, content: bytes, found: list[tuple[str, str]]
) -> None:
    assert programs(path, content) == found


def test_a_damaged_member_doesnt_hide_the_next() -> None:
    good = zipped(a=b"x" * 500 + bytes(range(256)), b=ARM)
    at = good.index(b"a", 30) + 3
    assert programs("x.zip", good[:at] + b"\xff\xff" + good[at + 2 :]) == [("/x.zip!/b", "aarch64")]


def test_the_number_of_files_reported_for_an_archive_is_limited() -> None:
    many = zipped(**{f"f{number}": ARM for number in range(300)}, other=elf())
    found = programs("x.zip", many)
    assert len(found) == 51
    assert found[-1] == ("/x.zip!/other", "x86_64")


BOMB = gzip.compress(tar(zeros=bytes(32 << 20)))


@pytest.mark.parametrize(
    ("make", "limits", "reason"),
    [
        (lambda: BOMB, {"unpacked": 1 << 20}, "the total unpacked size exceeds 1.05 MB"),
        (lambda: WHEEL * 9000, {"packed": 1 << 20}, "larger than 1.05 MB"),
        (
            lambda: zipped(**{f"f{number}": b"" for number in range(30)}),
            *({"entries": 20}, "too many files in archives"),
        ),
        (
            lambda: gzip.compress(tar(**{f"f{number}": b"" for number in range(30)})),
            *({"entries": 20}, "more than 20 files"),
        ),
    ],
)
def test_an_archive_beyond_a_limit_is_reported(
    make: Callable[[], bytes], limits: dict[str, int], reason: str
) -> None:
    assert programs("x", make(), **limits) == [("/x", reason)]


def test_the_limits_apply_to_all_archives_of_a_layer() -> None:
    reader = ArchiveReader(ArchiveLimits(unpacked=50 << 20))
    assert reader.programs(BOMB) == []
    with pytest.raises(LimitExceeded):
        reader.programs(BOMB)


def test_a_hard_link_to_an_archive_has_the_same_programs() -> None:
    layer = Made().file("a.whl", WHEEL).hard("b.whl", "a.whl").done()
    found = scan_layer(Stream(pieces(layer)), budget(), "it", Limits()).found
    assert found[1] == Found(FileKind.BINARY, "/b.whl", "aarch64", inside="x/core_so")
