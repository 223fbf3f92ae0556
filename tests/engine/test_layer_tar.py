"""Untrusted tar streams: they are read as tarfile wrote them, or refused."""

from __future__ import annotations

import contextlib
import tarfile
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.engine.layers.stream import CorruptArchive, LimitExceeded, Stream
from openhqm_tui.engine.layers.tar import MOST_HEADER, TarReader
from tests.engine.tars import Made, budget, pieces

FORMS: list[Literal[0, 1, 2]] = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
LONG = "a/" * 60 + "b" * 90
CAPABLE: Any = {"SCHILY.xattr.security.capability": "x"}
SPARSE: Any = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/\\", exclude_categories=["Cs"]),
    min_size=1,
    max_size=120,
).filter(lambda name: name not in {".", ".."})


def read(data: bytes, **limits: int) -> list[tuple[str, str, bytes]]:
    tar = TarReader(Stream(pieces(data, 777)), budget(**limits))
    return [(entry.kind, entry.path, b"".join(tar.pieces())) for entry in tar]


def skimmed(data: bytes) -> list[str]:
    return [entry.path for entry in TarReader(Stream(pieces(data, 777)), budget())]


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_entry_is_read(form: int) -> None:
    made = Made(form).folder("d").file("d/f", b"x" * 1000).file("d/e").soft("d/s", "/etc")
    data = made.hard("d/h", "./d/f").other("p", tarfile.FIFOTYPE).file(LONG, b"y" * 512).done()
    tar = TarReader(Stream(pieces(data)), budget())
    seen = [(e.kind, e.path, e.link, e.is_file, e.is_folder, e.is_hard_link) for e in tar]
    assert seen == [
        ("5", "/d", "", False, True, False),
        ("0", "/d/f", "", True, False, False),
        ("0", "/d/e", "", True, False, False),
        ("2", "/d/s", "", False, False, False),
        ("1", "/d/h", "/d/f", False, False, True),
        ("6", "/p", "", False, False, False),
        ("0", f"/{LONG}", "", True, False, False),
    ]
    assert [content for _, _, content in read(data)] == [
        *(b"", b"x" * 1000, b"", b"", b"", b"", b"y" * 512)
    ]
    assert skimmed(data) == [path for _, path, _ in read(data)]


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=6),
    st.sampled_from(FORMS[1:]),
)
@settings(deadline=None, max_examples=100)
def test_files_written_by_tarfile_are_read(files: list[tuple[str, bytes]], form: int) -> None:
    made = Made(form)
    for name, content in files:
        made.file(name, content)
    assert read(made.done()) == [("0", f"/{name}", content) for name, content in files]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./a", "/a"),
        ("/a/b", "/a/b"),
        ("a//b/./c", "/a/b/c"),
        ("../../a", "/a"),
        ("a/../b", "/b"),
        (".", "/"),
        (".hidden/x.y", "/.hidden/x.y"),
    ],
)
def test_paths_are_normalized(name: str, path: str) -> None:
    assert skimmed(Made().file(name).done()) == [path]


def test_a_name_that_is_not_utf_8_is_escaped() -> None:
    info = tarfile.TarInfo("x\udcff")
    assert skimmed(info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")) == ["/x\\xff"]


def test_capabilities_are_recognized() -> None:
    made = Made().file("x", b"", **CAPABLE).file("y")
    assert [e.capabilities for e in TarReader(Stream([made.done()]), budget())] == [True, False]


def test_sizes_beyond_octal_are_read() -> None:
    info = tarfile.TarInfo("big")
    info.size = 1 << 40
    for form in FORMS[1:]:
        tar = TarReader(Stream([info.tobuf(form)]), budget())
        assert next(iter(tar)).size == 1 << 40


def test_the_content_of_a_sparse_file_has_no_holes() -> None:
    content = b"1\n0\n4\n".ljust(512, b"\0") + b"data"
    pax: Any = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "real"}
    pax["GNU.sparse.realsize"] = "9999"
    data = Made().file("GNUSparseFile.0/real", content, **pax).file("next", b"n").done()
    assert read(data) == [("0", "/real", b"data"), ("0", "/next", b"n")]
    assert skimmed(data) == ["/real", "/next"]


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ({}, "/usr/bin/evil"),
        ({"GNU.sparse.major": "1", "GNU.sparse.minor": "1"}, "/usr/bin/evil"),
        ({"GNU.sparse.major": "2", "GNU.sparse.minor": "0"}, "/usr/bin/evil"),
        ({"GNU.sparse.map": "0,4"}, "/usr/bin/su"),
        ({"GNU.sparse.major": "0", "GNU.sparse.minor": "1"}, "/usr/bin/su"),
    ],
)
def test_only_a_sparse_file_uses_the_sparse_name(version: Any, path: str) -> None:
    # The engine unpacks the others under their own name, with their full content.
    pax: Any = {**version, "GNU.sparse.name": "usr/bin/su"}
    assert read(Made().file("usr/bin/evil", b"data", **pax).done()) == [("0", path, b"data")]


def test_the_map_of_an_old_sparse_file_is_skipped() -> None:
    header = bytearray(tarfile.TarInfo("old").tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136], header[156:157], header[482] = b"00000000004\0", b"S", 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = bytes(504) + b"\1" + bytes(7) + bytes(512)
    data = bytes(header) + more + b"data".ljust(512, b"\0") + Made().file("next").done()
    assert read(data) == [("S", "/old", b"data"), ("0", "/next", b"")]


# -- hostile ------------------------------------------------------------------------------------


def damaged_header() -> bytes:
    data = bytearray(Made().file("a", b"x").file("evil", b"y").done())
    data[1024 + 3] ^= 1
    return bytes(data)


def with_pax(records: bytes) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    return info.tobuf(tarfile.USTAR_FORMAT) + records.ljust(512, b"\0") + Made().file("a").done()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(damaged_header(), id="a damaged header after a good one"),
        pytest.param(Made().file("a", b"x" * 5000).done()[:3000], id="cut in a file"),
        pytest.param(Made().file("a", b"x").done()[:900], id="cut in the padding"),
        pytest.param(Made().file("a", b"x").file("b").done()[:1300], id="cut in a header"),
        pytest.param(b"x" * 2048, id="not a tar"),
        pytest.param(bytes(512) + Made().file("evil").done(), id="hidden after one zero block"),
        pytest.param(with_pax(b"9 path=a\n9"), id="a record without an end"),
        pytest.param(with_pax(b"99 path=a\n"), id="a record longer than its header"),
        pytest.param(with_pax(b"-9 path=a\n"), id="a record of negative length"),
        pytest.param(with_pax(b"12 size=-99\n"), id="a negative size"),
        pytest.param(with_pax(b"12 size=1e9\n"), id="a size that is not a number"),
        pytest.param(with_pax(b"11 path=ab\n")[:1024], id="an extended header without a file"),
        pytest.param(
            Made().file("s", b"99999999\n".ljust(512, b"\0"), **SPARSE).done(),
            id="a sparse map without an end",
        ),
    ],
)
def test_invalid_archives_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptArchive):
        read(data)


def test_a_negative_size_is_refused() -> None:
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(CorruptArchive, match="number"):
        read(bytes(header))


def test_headers_paths_and_file_counts_are_limited() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, MOST_HEADER + 1
    with pytest.raises(LimitExceeded, match="headers of a file exceed 1024 KB"):
        read(info.tobuf(tarfile.USTAR_FORMAT))
    info.size = 512
    many = info.tobuf(tarfile.USTAR_FORMAT) + b"512 k=".ljust(511, b"v") + b"\n"
    with pytest.raises(LimitExceeded, match="headers of a file exceed 1024 KB"):
        read(many * 2049)
    with pytest.raises(LimitExceeded, match=r"too long \(5000 bytes\)"):
        read(Made().file("x" * 5000).done())
    with pytest.raises(LimitExceeded, match="more than 3 files"):
        read(Made().file("a").file("b").file("c").file("d").done(), entries=3)


def test_extended_headers_count_toward_the_limit_of_files() -> None:
    records = b"11 path=ab\n"
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    one = info.tobuf(tarfile.USTAR_FORMAT) + records.ljust(512, b"\0")
    with pytest.raises(LimitExceeded, match="more than 5 files"):
        read(one * 10, entries=5)


@given(st.binary(max_size=2000), st.integers(0, 3000))
@settings(deadline=None, max_examples=200)
def test_damaged_archives_are_read_or_refused(noise: bytes, at: int) -> None:
    data = Made().file("a", b"x" * 600).folder("b").file(LONG, b"z").done()
    for text in (noise, data[:at] + noise + data[at + len(noise) :]):
        with contextlib.suppress(CorruptArchive, LimitExceeded):
            assert all(path.startswith("/") for _, path, _ in read(text))
