"""Checks of images on the real engine without running them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engine.tars import Made, elf
from tests.real.conftest import run_cli
from tests.real.loaded import load

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]

NAME = "openhqm-tui-tests/static"
AMD, ARM = Made().file("bin/x", elf(62), 0o755).done(), Made().file("bin/x", elf(183), 0o755).done()
KEY = b"-----BEGIN PRIV" + b"ATE KEY-----\n" + b"MIIEpAIBAAKCAQEAx0bQ9zL3kT7vWqYd" * 2 + b"\n"


@pytest.fixture(autouse=True)
def cleaned(remove_images: Callable[[str], None]) -> None:
    remove_images(NAME)


def check(tmp_path: Path, tag: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Return answer and evidence by platform and check, as printed by the command line."""
    ran = run_cli("check", f"{NAME}:{tag}", "--format", "json", cwd=tmp_path, state=tmp_path / "s")
    verdicts: dict[str, Any] = {}
    for line in ran.out.splitlines():
        lane = json.loads(line)
        if "verdicts" in lane:
            verdicts[lane["platform"]] = {
                v["check"]: (v["answer"], v.get("evidence", "")) for v in lane["verdicts"]
            }
    assert verdicts, ran.err
    return verdicts


@pytest.mark.parametrize("pack", ["gzip", "zstd", ""])
def test_binaries_of_both_platforms_are_recognized(tmp_path: Path, pack: str) -> None:
    tag = f"good-{pack or 'plain'}"
    load(f"{NAME}:{tag}", {"linux/amd64": [AMD], "linux/arm64": [ARM]}, pack, User="1000")
    verdicts = check(tmp_path, tag)
    assert verdicts["linux/amd64"]["binaries"] == ("pass", "1 ELF file, all x86_64")
    assert verdicts["linux/arm64"]["binaries"] == ("pass", "1 ELF file, all aarch64")
    assert {answer for lane in verdicts.values() for answer, _ in lane.values()} == {"pass"}


def test_faults_are_found_in_their_own_lane(tmp_path: Path) -> None:
    planted = Made().file("app/id", KEY).file("usr/bin/gcc", b"x", 0o755)
    planted.file("root/.cache/pip/http/a", b"x").file("app/back", b"x", 0o4755)
    tidied = Made().file("app/.wh.id").file("usr/bin/.wh.gcc").file("root/.wh..cache")
    layers: dict[str, Sequence[bytes]] = {
        "linux/amd64": [AMD, planted.done(), tidied.done()],
        "linux/arm64": [AMD],
    }
    load(f"{NAME}:faults", layers, Env=["API_TOKEN=8f1c22ab77"])
    verdicts = check(tmp_path, "faults")
    amd, arm = verdicts["linux/amd64"], verdicts["linux/arm64"]
    assert arm["binaries"] == ("fail", "1 of 1 is x86_64: /bin/x")
    assert amd["binaries"][0] == "pass"
    assert amd["setuid"] == ("fail", "/app/back (4755)")
    assert arm["setuid"][0] == "pass"
    assert (amd["compilers"][0], amd["caches"][0]) == ("pass", "pass"), "deleted later"
    assert amd["secrets"] == (
        *("fail",),
        "password or token in variable API_TOKEN, private key in /app/id (layer 2, deleted later)",
    )


def test_a_layer_that_is_no_tar_is_unknown_never_a_pass(tmp_path: Path) -> None:
    hidden = gzip.compress(Made().file("a", elf(62)).done())
    # Not a tar: the engine loads it, and would only notice when running it.
    load(f"{NAME}:bad", {"linux/amd64": [b"\x1f\x8b" + hidden[2:200] + b"x" * 4000]}, "")
    verdicts = check(tmp_path, "bad")["linux/amd64"]
    for name in ("binaries", "setuid", "compilers", "caches", "secrets"):
        assert verdicts[name][0] == "unknown"
        assert "can't be read" in verdicts[name][1]
