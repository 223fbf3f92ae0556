"""`make bench PARTS=emulation`: the emulator registered by `doctor` and that of the package.

Needs root: each classic build registers its emulator first, and the original one is restored at
the end. A program is started with either emulator by name, without registering it. CPU time is
measured too, because on a busy machine the wall time means little.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openhqm_tui.domain.emulators import EMULATED_CPU
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.engine.docker.facts import read_facts
from openhqm_tui.engine.doctor.base_findings import DEBIAN_PLATFORMS
from openhqm_tui.engine.doctor.emulators import OWN_FOLDER
from openhqm_tui.engine.source.base_image import BOOTSTRAPPED_BASE, UPSTREAM_BASE, local_platforms
from tests.bench.builds import Rounds, report, run
from tests.bench.rows import Row, Wanted

PART = "Emulation"
ARM64 = parse_platform("linux/arm64")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_ROUNDS = 3
_DOCKERFILE = Path(__file__).with_name("emulated.Dockerfile")
# 0.7 s including the start of its container, on a machine of 2026.
PROGRAM = """\
import ast, collections, inspect, json, textwrap, time, typing, zlib
sources = [inspect.getsource(one) for one in (ast, collections, inspect, json, textwrap, typing)]
for _ in range(4):
    for source in sources:
        compile(source, "program", "exec")
        zlib.decompress(zlib.compress(source.encode()))
print(time.process_time())
"""


def measure(options: argparse.Namespace) -> list[Row]:
    """Return the rows of every emulated platform of the base image, and of a classic build."""
    refs = (UPSTREAM_BASE, BOOTSTRAPPED_BASE)
    local = local_platforms(refs, DEBIAN_PLATFORMS)
    image = next((ref for ref in refs if ARM64 in local[ref]), "")
    host = read_facts().host
    if not image or host is None:
        raise SystemExit("emulation needs the base image for arm64; create it with `make engine`")
    rows: list[Row] = []
    for platform in local[image]:
        if not platform.runs_natively_on(host):
            rows += _program_rows(image, platform, host)
    if not options.no_classic and all(path.exists() for path in _binaries(ARM64).values()):
        rows += _classic_rows(image)
    return rows


def _binaries(platform: Platform) -> dict[str, Path]:
    return {
        "new": Path(OWN_FOLDER, f"qemu-{platform.qemu}"),
        "old": Path(f"/usr/bin/qemu-{platform.qemu}-static"),
    }


def _program_rows(image: str, platform: Platform, host: Platform) -> list[Row]:
    variants: dict[str, tuple[Platform, Path | None, str]] = {
        "native": (host, None, ""),
        "registered": (platform, None, ""),
    }
    for name, emulator in _binaries(platform).items():
        if emulator.exists():
            variants[name] = (platform, emulator, "")
            if platform == ARM64:
                variants[f"{name}, pauth=off"] = (platform, emulator, EMULATED_CPU["arm64"])
    walls: Rounds = {}
    processor: Rounds = {}
    for _ in range(_ROUNDS):
        for name, (one, binary, cpu) in variants.items():
            started = time.monotonic()
            output = run(*_program(image, one, binary, cpu))
            walls.setdefault(name, []).append(time.monotonic() - started)
            processor.setdefault(name, []).append(float(output))
    what = f"a Python program, {platform}"
    wanted: Wanted | None = ("≤", 6.0) if platform == ARM64 else None
    rows = [Row(PART, f"{what}", "s", walls["registered"], "native", walls["native"], wanted)]
    rows += [
        Row(PART, f"{what}, processor time, {name}", "s", seconds, "native", processor["native"])
        for name, seconds in processor.items()
        if name != "native"
    ]
    return rows


def _program(image: str, platform: Platform, binary: Path | None, cpu: str) -> list[str]:
    words = ["docker", "run", "--rm", "--network", "none", "--platform", str(platform)]
    words += ["--env", f"QEMU_CPU={cpu}"] if cpu else []
    if binary is None:
        return [*words, image, "python", "-c", PROGRAM]
    mount = ["--volume", f"{binary}:/qemu:ro", "--entrypoint", "/qemu"]
    return [*words, *mount, image, "/usr/local/bin/python", "-c", PROGRAM]


def _classic_rows(base: str) -> list[Row]:
    """Build a classic Dockerfile for arm64 without a cache under either emulator."""
    walls: Rounds = {}
    processor: Rounds = {}
    with _registration_restored(ARM64):
        for name, emulator in _binaries(ARM64).items():
            _register(ARM64, emulator)
            started = time.monotonic()
            log = _classic(base)
            walls[name] = [time.monotonic() - started]
            processor[name] = [_processor_seconds(log)]
            report(f"classic, {name}: {walls[name][0]:.1f} s, processor {processor[name][0]:.1f} s")
    what = "a classic Dockerfile, linux/arm64, no cache"
    title = "the package's emulator"
    return [
        Row(PART, f"{what}: {title}", "s", walls["old"], "the new one", walls["new"], ("≥", 3.5)),
        Row(
            PART,
            f"{what}, processor time of its steps: {title}",
            "s",
            processor["old"],
            "the new one",
            processor["new"],
        ),
    ]


def _classic(base: str) -> str:
    words = ["docker", "buildx", "build", "--builder", "default", "--no-cache"]
    words += ["--progress", "plain", "--platform", str(ARM64), "--output", "type=cacheonly"]
    words += ["--build-arg", f"BASE={base}"]
    if bundle := os.environ.get("SSL_CERT_FILE"):
        words += ["--secret", f"id=ca-bundle,src={bundle}"]
    words += ["--file", str(_DOCKERFILE), str(_DOCKERFILE.parent)]
    ran = subprocess.run(words, capture_output=True, check=False, text=True, errors="replace")
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
    return ran.stderr


def _processor_seconds(log: str) -> float:
    """Return the CPU seconds of a build's shells and their children, from their `times`."""
    pairs = re.findall(r"(?m)^#\d+ [\d.]+ (\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$", log)
    return sum(60 * int(a) + float(b) + 60 * int(c) + float(d) for a, b, c, d in pairs)


def _register(platform: Platform, binary: Path) -> None:
    """Replace the registered emulator by `binary`, with the same magic, mask and flags."""
    entry = _BINFMT / f"qemu-{platform.qemu}"
    fields = dict(re.findall(r"(?m)^(magic|mask|flags:) *(\S+)$", entry.read_text()))
    magic, mask = (re.sub("(..)", r"\\x\1", fields[name]) for name in ("magic", "mask"))
    line = f":{entry.name}:M:0:{magic}:{mask}:{binary}:{fields['flags:']}"
    entry.write_text("-1")
    (_BINFMT / "register").write_text(line)


@contextmanager
def _registration_restored(platform: Platform) -> Iterator[None]:
    """Restore the registered emulator at the end."""
    entry = _BINFMT / f"qemu-{platform.qemu}"
    before = re.search(r"(?m)^interpreter (\S+)$", entry.read_text())
    try:
        yield
    finally:
        if before:
            _register(platform, Path(before[1]))
