"""Findings in layers of every compression, and the limits for hostile ones."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import tarfile
import zlib
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.layers import FileKind, Found, Placed, place
from openhqm_tui.engine.layers.scan import Limits, ScanLine, ScanOrder, scan_layer
from openhqm_tui.engine.layers.stream import (
    CorruptArchive,
    LimitExceeded,
    Stream,
    new_digest,
    unpacked,
)
from tests.engine.tars import (
    Made,
    budget,
    classic_export,
    digest_of,
    elf,
    exported,
    oci_export,
    pieces,
    scanned,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# In two parts, so that no secret scanner takes it for a real one.
AWS = b"AKIA" + b"QYLPMN5HHHFPZAM2"
PEM = b"-----BEGIN RSA PRIV" + b"ATE KEY-----\n" + b"MIIEpAIBAAKCAQEAx0bQ9zL3kT7vWqYd" * 2 + b"\n"


def found(layer: bytes | Made) -> list[tuple[str, ...]]:
    return [(f.kind.value, f.path, f.what) for f in scanned(layer).found]


# -- findings -----------------------------------------------------------------------------------


def test_each_kind_of_file_is_found() -> None:
    made = Made().file("usr/bin/python", elf(), 0o755).file("lib/x.so", elf(183))
    made.file("usr/bin/su", b"#!", 0o4755).file("bin/wall", b"", 0o2755).file("plain", b"text")
    made.file("usr/bin/x86_64-linux-gnu-gcc-12", elf(), 0o755).file("usr/share/gcc", b"", 0o644)
    made.file("root/.cache/pip/http/a", b"1234").file("var/lib/apt/lists/deb", b"1")
    made.file("bin/ping", b"", 0o755, **{"SCHILY.xattr.security.capability": "x"})
    made.file("app/id", PEM).file("app/config.py", b"KEY = '" + AWS + b"'")
    assert found(made) == [
        ("binary", "/usr/bin/python", "x86_64"),
        ("binary", "/lib/x.so", "aarch64"),
        ("setuid", "/usr/bin/su", "4755"),
        ("setuid", "/bin/wall", "2755"),
        ("compiler", "/usr/bin/x86_64-linux-gnu-gcc-12", "gcc"),
        ("binary", "/usr/bin/x86_64-linux-gnu-gcc-12", "x86_64"),
        ("cache", "/root/.cache/pip/http/a", "pip"),
        ("cache", "/var/lib/apt/lists/deb", "apt lists"),
        ("setuid", "/bin/ping", "capabilities"),
        ("secret", "/app/id", "private key"),
        ("secret", "/app/config.py", "AWS access key"),
    ]


PASSWD = b"root:x:0:0::/:/bin/sh\ntoor:x:+00:0\n\napp:x:1000:\nodd:x:what\nshort\n"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            Made().file("etc/passwd", PASSWD),
            [
                ("account", "/etc/passwd", n)
                for n in ("root:0", "toor:0", "app:1000", "odd:0", "short:0")
            ],
        ),
        (Made().file("app/etc/passwd", PASSWD), []),
        (Made().file("etc/passwd", b"", 0o666), [("writable", "/etc/passwd", "666")]),
        (Made().file("etc/shadow", b"", 0o602), [("writable", "/etc/shadow", "602")]),
        (Made().file("etc/sudoers.d/app", b"", 0o646), [("writable", "/etc/sudoers.d/app", "646")]),
        (Made().other("etc", tarfile.DIRTYPE, mode=0o777), [("writable", "/etc", "777")]),
        (Made().other("etc", tarfile.DIRTYPE, mode=0o1777), []),
        (Made().file("etc/passwd", b"", 0o664), []),
        (Made().file("etc/motd", b"", 0o666), []),
        (Made().other("etc/shadow", tarfile.SYMTYPE, "x", mode=0o777), []),
        (
            Made().file("etc/a", b"", 0o644).hard("etc/shadow", "etc/a", mode=0o666),
            [("writable", "/etc/shadow", "666")],
        ),
        (
            Made().file("e.sh", b'#!/bin/sh -e\n# gosu?\nexec gosu app "$@"\n', 0o755),
            [("drops-root", "/e.sh", "gosu")],
        ),
        (
            Made().file("e", b"#!/usr/bin/env bash\nif x; then /sbin/su-exec app x; fi", 0o755),
            [("drops-root", "/e", "su-exec")],
        ),
        (Made().file("e.sh", b"#!/bin/sh\n# exec gosu app\nx-gosu\n", 0o755), []),
        (Made().file("e.py", b"#!/usr/bin/python\nos.system('gosu app')\n", 0o755), []),
        (Made().file("e.sh", b"#!/bin/sh\ngosu app x\n", 0o644), []),
    ],
)
def test_files_that_affect_root_rights_are_found(
    made: Made, expected: list[tuple[str, ...]]
) -> None:
    assert found(made) == expected


def test_a_layer_has_the_digest_and_size_of_its_unpacked_data() -> None:
    data = Made().folder("d").file("d/f", b"x" * 100).soft("s", "d").file("d/.wh.gone").done()
    layer = scanned(gzip.compress(data))
    assert (layer.digest, layer.blob, layer.size, layer.entries) == (digest_of(data), "it", 100, 4)


def test_hard_links_have_the_findings_of_their_file() -> None:
    made = Made().file("a.so", elf(62)).hard("b.so", "a.so").hard("c", "a.so", mode=0o4755)
    made.hard("lib/far.so", "usr/lib/of-another-layer.so")
    assert found(made) == [
        ("binary", "/a.so", "x86_64"),
        ("binary", "/b.so", "x86_64"),
        ("binary", "/c", "x86_64"),
        ("setuid", "/c", "4755"),
    ]
    assert scanned(made).links == (("/lib/far.so", "/usr/lib/of-another-layer.so"),)


def test_a_hard_link_may_set_rights_of_a_file_in_a_lower_layer() -> None:
    # The engine applies the mode of the link's header to the file that it points to.
    made = Made().hard("sh", "bin/sh", mode=0o4755)
    assert found(made) == [("setuid", "/sh", "4755")]
    assert scanned(made).links == (("/sh", "/bin/sh"),)


def test_links_folders_and_devices_have_no_findings() -> None:
    made = Made().soft("usr/bin/gcc", "gcc-12").folder("root/.cache/pip/http")
    made.other("dev/x", tarfile.CHRTYPE).other("bin/s", tarfile.SYMTYPE, "su", 0o4777)
    assert [kind for kind, path, _ in found(made) if path != "/bin/s"] == []


@pytest.mark.parametrize("before", [0, 1 << 20, (1 << 20) - 10, 3_000_000, 5_000_001])
def test_a_secret_is_found_at_any_position_in_a_file(before: int) -> None:
    noise = random.Random(1).randbytes(before)
    assert found(Made().file("data", noise + b" " + AWS + b"\n" + noise[:1000])) == [
        ("secret", "/data", "AWS access key")
    ]


def test_findings_never_contain_the_secret() -> None:
    made = Made().file("a", AWS).file("b", PEM).file(".env", b"DB_PASSWORD=hunter2-very-hidden\n")
    layer = scanned(made)
    output = msgspec.json.encode(layer) + repr(layer).encode()
    assert {f.path for f in layer.found} == {"/a", "/b", "/.env"}
    for secret in (AWS, PEM[40:80], b"hunter2"):
        assert secret not in output


# -- layers over layers -------------------------------------------------------------------------


def left(*layers: Made) -> list[str]:
    return [
        one.found.path for one in place([scanned(layer) for layer in layers]) if not one.deleted
    ]


@pytest.mark.parametrize(
    ("upper", "stays"),
    [
        (Made(), True),
        (Made().file("lib/b.so", b""), True),
        (Made().folder("lib").folder("usr"), True),
        (Made().file("lib/.wh.a.so"), False),
        (Made().file(".wh.lib"), False),
        (Made().file("lib/.wh..wh..opq"), False),
        (Made().file(".wh..wh..opq"), False),
        (Made().file("lib/a.so", b"text"), False),
        (Made().soft("lib/a.so", "b.so"), False),
        (Made().hard("lib/a.so", "x"), False),
        (Made().folder("lib/a.so"), False),
        (Made().file("lib", b"now a file"), False),
        (Made().file("lib/.wh.a"), True),
        (Made().file("lib/a.so/.wh.x"), True),
        (Made().file("other/.wh..wh..opq"), True),
        (Made().file("lib/.wh..wh.plnk"), True),
        (Made().file("./lib//.wh.a.so"), False),
    ],
)
def test_whiteouts_and_replacements_hide_files(upper: Made, stays: bool) -> None:
    lower = Made().folder("lib").file("lib/a.so", elf())
    assert left(lower, upper) == (["/lib/a.so"] if stays else [])


def test_a_whiteout_does_not_hide_files_of_its_own_layer() -> None:
    lower = Made().file("lib/a.so", elf(183))
    upper = Made().file("lib/.wh..wh..opq").file("lib/a.so", elf(62)).file("lib/.wh.a.so")
    seen = [
        (one.found.what, one.layer, one.deleted) for one in place([*map(scanned, (lower, upper))])
    ]
    assert sorted(seen) == [("aarch64", 1, True), ("x86_64", 2, False)]


def test_rights_removed_by_a_later_layer_dont_count() -> None:
    lower = Made().other("etc", tarfile.DIRTYPE, mode=0o777).file("etc/passwd", b"", 0o666)
    assert left(lower) == ["/etc", "/etc/passwd"]
    assert left(lower, Made().folder("etc").file("etc/passwd", b"")) == []


def test_a_hard_link_keeps_a_file_of_a_lower_layer() -> None:
    lower = Made().file("bin/evil", elf(62), 0o4755)
    upper = Made().hard("bin/kept", "bin/evil", mode=0o755).file("bin/.wh.evil")
    placed = place([scanned(lower), scanned(upper)])
    assert Placed(Found(FileKind.SETUID, "/bin/kept", "4755"), 2, False) in placed
    assert sorted(left(lower, upper)) == ["/bin/kept", "/bin/kept"]


# -- compression --------------------------------------------------------------------------------

LAYER = Made().file("usr/bin/x", elf(), 0o4755).file("big", bytes(3_000_000)).done()
_HALF = len(LAYER) // 2


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(LAYER, id="plain"),
        pytest.param(gzip.compress(LAYER), id="gzip"),
        pytest.param(gzip.compress(LAYER[:_HALF]) + gzip.compress(LAYER[_HALF:]), id="members"),
        pytest.param(gzip.compress(LAYER) + gzip.compress(b""), id="an empty member"),
        pytest.param(zstd.compress(LAYER), id="zstd"),
        pytest.param(zstd.compress(LAYER[:_HALF]) + zstd.compress(LAYER[_HALF:]), id="frames"),
        pytest.param(
            b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd.compress(LAYER) + b"\x5e\x2a\x4d\x18\0\0\0\0",
            id="skipped frames",
        ),
    ],
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_layers_of_every_compression_are_read(packed: bytes, size: int) -> None:
    digest = new_digest()
    data = b"".join(unpacked(Stream(pieces(packed, size)), budget(), digest))
    assert data == LAYER
    assert f"sha256:{digest.hexdigest()}" == digest_of(LAYER)
    assert scanned(packed).digest == digest_of(LAYER)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(LAYER)[:-20],
        gzip.compress(LAYER)[:-8] + b"\0" * 8,
        zstd.compress(LAYER)[:-20],
        zstd.compress(LAYER)[:200] + b"x" * 5000,
        b"\x1f\x8b" + b"x" * 5000,
        b"\x28\xb5\x2f\xfd" + b"\xff" * 5000,
    ],
    ids=["gzip cut", "gzip sum", "zstd cut", "zstd noise", "no gzip", "no zstd"],
)
def test_damaged_compression_is_an_error(packed: bytes) -> None:
    with pytest.raises(CorruptArchive):
        scanned(packed)


def bomb(megabytes: int, pack: Any) -> bytes:
    """A file of zeros, which compresses to almost nothing."""
    info = tarfile.TarInfo("zeros")
    info.size = megabytes << 20
    return bytes(pack(info.tobuf(tarfile.GNU_FORMAT) + bytes(info.size) + bytes(1024)))


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_decompression_bomb_is_stopped_at_the_limit(pack: Any) -> None:
    packed = bomb(64, pack)
    assert len(packed) < 100_000
    with pytest.raises(LimitExceeded, match="unpacked size exceeds 16"):
        scan_layer(Stream([packed]), budget(16 << 20), "it", Limits())


def test_a_decompression_bomb_is_read_in_small_pieces() -> None:
    packed = Stream([bomb(64, gzip.compress)])
    assert max(map(len, unpacked(packed, budget(), new_digest()))) <= 1 << 20


def test_a_frame_that_needs_too_much_memory_is_refused() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 29}
    # A frame with a declared size needs no window, so this one has none.
    maker = zstd.ZstdCompressor(options=options)
    packed = maker.compress(LAYER * 2) + maker.flush()
    with pytest.raises(CorruptArchive, match="zstd"):
        scanned(packed)


def test_too_many_findings_are_an_error() -> None:
    made = Made()
    for number in range(11):
        made.file(f"{number}.so", elf())
    with pytest.raises(LimitExceeded, match=r"too many files to report \(limit: 10\)"):
        scanned(made, most_found=10)
    links = Made()
    for number in range(11):
        links.hard(f"{number}", "elsewhere")
    with pytest.raises(LimitExceeded, match=r"too many files to report \(limit: 10\)"):
        scanned(links, most_found=10)
    with pytest.raises(LimitExceeded, match="paths are too long"):
        scanned(Made().file("a" * 90, elf()), most_text=80)


# -- exports ------------------------------------------------------------------------------------

ONE, TWO = Made().file("one.so", elf()).done(), Made().file("two", b"2").done()
EMPTY = bytes(1024)


@pytest.mark.parametrize("export", [oci_export, classic_export])
def test_layers_are_found_in_every_layout(export: Any) -> None:
    wanted = tuple(map(digest_of, (ONE, TWO, EMPTY)))
    lines = exported(export(ONE, TWO, EMPTY), *wanted)
    assert [line.trouble for line in lines] == [None] * 3
    assert sorted(line.layer.digest for line in lines if line.layer) == sorted(wanted)


def test_only_requested_layers_are_reported_and_known_blobs_are_skipped() -> None:
    export = oci_export(ONE, TWO)
    (line,) = exported(export, digest_of(TWO))
    assert line.layer is not None
    assert line.layer.digest == digest_of(TWO)
    assert exported(export, digest_of(TWO), known=(line.layer.blob,)) == []


def test_a_layer_with_another_digest_is_not_reported() -> None:
    assert exported(oci_export(ONE), digest_of(TWO)) == []


def test_a_damaged_layer_does_not_stop_the_scan() -> None:
    export = Made().file("a", gzip.compress(ONE)[:-9]).file("b", gzip.compress(TWO)).done()
    bad, good = exported(export, digest_of(ONE), digest_of(TWO))
    assert bad.trouble is not None
    assert (bad.trouble.blob, bad.trouble.reason) == ("a", "the gzip data is truncated")
    assert good.layer is not None


def test_the_scan_stops_at_the_limit() -> None:
    export = oci_export(ONE, TWO, bytes(5 << 20))
    (*_, last) = exported(export, digest_of(b"x"), unpacked=1 << 20)
    assert last.trouble is not None
    assert "unpacked size exceeds 1.05 MB" in last.trouble.reason


# -- the scanner as a process -------------------------------------------------------------------


def program(export: bytes, *wanted: str, **limits: Any) -> tuple[int, list[ScanLine], bytes]:
    order = ScanOrder(wanted=wanted, limits=Limits(**limits))
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "openhqm_tui.engine.layers.scan", msgspec.json.encode(order)],
        input=export,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        timeout=120,
        check=False,
    )
    lines = [msgspec.json.decode(line, type=ScanLine) for line in ran.stdout.splitlines()]
    return ran.returncode, lines, ran.stderr


def test_the_process_reports_the_same() -> None:
    export = oci_export(ONE, TWO)
    wanted = (digest_of(ONE), digest_of(TWO))
    assert program(export, *wanted) == (0, exported(export, *wanted), b"")


def test_an_invalid_export_is_reported() -> None:
    code, lines, _ = program(b"x" * 5000, digest_of(ONE))
    assert code == 0
    assert [line.trouble.reason for line in lines if line.trouble] == [
        "the tar archive has a corrupt header"
    ]


def test_memory_is_limited() -> None:
    program_text = (
        "from openhqm_tui.engine.layers import scan\n"
        "scan._limit(scan.Limits(memory=400 << 20))\n"
        "def source():\n    yield bytes(500 << 20)\n"
        "import sys\n"
        "scan.run(scan.ScanOrder(wanted=('x',)), source(), sys.stdout.buffer.write)"
    )
    ran = subprocess.run([sys.executable, "-c", program_text], capture_output=True, check=True)
    line = msgspec.json.decode(ran.stdout, type=ScanLine)
    assert line.trouble is not None
    assert "MB of memory" in line.trouble.reason


def test_time_is_limited() -> None:
    layer = zlib.compress(b"", wbits=31) * 3_000_000
    export = Made().file("slow", layer).done()
    code, lines, _ = program(export, digest_of(ONE), seconds=1)
    assert code < 0
    assert lines == []
