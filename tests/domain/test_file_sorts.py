"""Compilers and caches recognized by path, machines by the ELF header."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.file_kinds import cache_of, compiler_of, machine_of
from openhqm_tui.domain.platforms import ARCHITECTURES, Platform
from tests.engine.tars import elf


@pytest.mark.parametrize(
    ("path", "compiler"),
    [
        ("/usr/bin/gcc", "gcc"),
        ("/usr/bin/gcc-12", "gcc"),
        ("/usr/bin/x86_64-linux-gnu-gcc-12", "gcc"),
        ("/usr/bin/aarch64-linux-gnu-g++-14.2", "g++"),
        ("/usr/bin/cc", "cc"),
        ("/usr/bin/c99-gcc", "gcc"),
        ("/usr/local/bin/clang++", "clang++"),
        ("/usr/lib/llvm-19/bin/clang", "clang"),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", "cc1plus"),
        ("/usr/libexec/gcc/x86_64-linux-gnu/14/lto1", "lto1"),
        ("/usr/local/go/bin/go", "go"),
        ("/usr/lib/go-1.24/bin/go", "go"),
        ("/usr/local/cargo/bin/rustc", "rustc"),
        ("/usr/lib/jvm/java-21/bin/javac", "javac"),
        ("/usr/bin/gccgo-notes.txt", ""),
        ("/usr/bin/gcc-ranlib", ""),
        ("/usr/share/doc/gcc", ""),
        ("/app/go", ""),
        ("/usr/bin/python3.13", ""),
        ("/usr/lib/python3/dist-packages/cc.py", ""),
        ("/etc/cc", ""),
    ],
)
def test_compilers_are_recognized_by_path(path: str, compiler: str) -> None:
    assert compiler_of(path) == compiler


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/var/lib/apt/lists/deb.example_dists_trixie_InRelease", "apt lists"),
        ("/var/lib/apt/lists/lock", ""),
        ("/var/cache/apt/archives/gcc_12_amd64.deb", "apt archives"),
        ("/var/cache/apt/archives/lock", ""),
        ("/var/cache/apt/pkgcache.bin", "apt archives"),
        ("/root/.cache/pip/http-v2/a/b", "pip"),
        ("/home/x/.cache/pip/wheels/a", "pip"),
        ("/root/.cache/pip/selfcheck/a.json", ""),
        ("/root/.cache/uv/archive-v0/x", "uv"),
        ("/root/.npm/_cacache/index-v5/x", "npm"),
        ("/var/cache/apk/APKINDEX.1.tar.gz", "apk"),
        ("/var/cache/dnf/x.solv", "dnf"),
        ("/usr/local/cargo/registry/cache/x.crate", "cargo"),
        ("/root/go/pkg/mod/cache/download/x", "go"),
        ("/opt/conda/pkgs/x.conda", "conda"),
        ("/usr/lib/python3/site-packages/pip/_internal/cache.py", ""),
        ("/usr/lib/python3/site-packages/x/__pycache__/y.pyc", ""),
        ("/var/cache/ldconfig/aux-cache", ""),
        ("/var/cache/debconf/config.dat", ""),
    ],
)
def test_caches_are_recognized_by_path(path: str, owner: str) -> None:
    assert cache_of(path) == owner


@pytest.mark.parametrize(
    ("head", "machine"),
    [
        (elf(62), "x86_64"),
        (elf(183), "aarch64"),
        (elf(3, 32), "i386"),
        (elf(40, 32), "arm"),
        (elf(22, 64, False), "s390x"),
        (elf(21, 64, True), "ppc64le"),
        (elf(21, 64, False), "ppc64"),
        (elf(243), "riscv64"),
        (elf(258), "loongarch64"),
        (elf(62, 32), "ELF machine 62 (32-bit, little-endian)"),
        (elf(999, 64, False), "ELF machine 999 (64-bit, big-endian)"),
        (elf(247), ""),
        (elf(62)[:19], ""),
        (b"#!/bin/sh", ""),
        (b"", ""),
    ],
)
def test_machines_are_recognized_by_elf_header(head: bytes, machine: str) -> None:
    assert machine_of(head) == machine


def test_every_platform_has_an_elf_machine() -> None:
    forms = [(m, b, le) for m in range(300) for b in (32, 64) for le in (True, False)]
    named = {machine_of(elf(*form)) for form in forms}
    wanted = {Platform("linux", arch).binary for arch in ARCHITECTURES}
    assert len(wanted) == len(ARCHITECTURES)
    assert wanted <= named
