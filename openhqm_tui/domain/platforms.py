"""Platforms: `os/arch[/variant]` as in the OCI image specification, in one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import total_ordering

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest

# Names of architectures of `uname -m`, Docker and Debian -> GOARCH and implied variant.
_ALIASES: dict[str, tuple[str, str]] = {
    "amd64": ("amd64", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "x64": ("amd64", ""),
    "arm64": ("arm64", ""),
    "aarch64": ("arm64", ""),
    "arm64v8": ("arm64", ""),
    "386": ("386", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "x86": ("386", ""),
    "arm": ("arm", "v7"),
    "armhf": ("arm", "v7"),
    "armv7": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armv8l": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv6": ("arm", "v6"),
    "armv6l": ("arm", "v6"),
    "ppc64le": ("ppc64le", ""),
    "ppc64el": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
    "loong64": ("loong64", ""),
    "loongarch64": ("loong64", ""),
    "mips64le": ("mips64le", ""),
    "mips64el": ("mips64le", ""),
}

# GOARCH -> the output of `uname -m`, and of Python's platform.machine().
_MACHINES: dict[str, tuple[str, ...]] = {
    "amd64": ("x86_64",),
    "arm64": ("aarch64", "arm64"),
    # A 32-bit program on a 64-bit kernel gets the kernel's name.
    "386": ("i386", "i486", "i586", "i686", "x86_64"),
    "arm": ("armv6l", "armv7l", "armv8l", "aarch64"),
    "ppc64le": ("ppc64le",),
    "s390x": ("s390x",),
    "riscv64": ("riscv64",),
    "loong64": ("loongarch64",),
    "mips64le": ("mips64",),
}

# GOARCH -> the result of sysconfig.get_platform() in an interpreter built for it.
_PYTHON_PLATFORMS: dict[str, tuple[str, ...]] = {
    "amd64": ("linux-x86_64",),
    "arm64": ("linux-aarch64",),
    "386": ("linux-i386", "linux-i486", "linux-i586", "linux-i686", "linux-x86_64"),
    "arm": ("linux-armv6l", "linux-armv7l", "linux-armv8l", "linux-aarch64"),
    "ppc64le": ("linux-ppc64le",),
    "s390x": ("linux-s390x",),
    "riscv64": ("linux-riscv64",),
    "loong64": ("linux-loongarch64",),
    "mips64le": ("linux-mips64",),
}

# GOARCH -> the machine in the suffix of a compiled module: `.cpython-313-aarch64-linux-gnu.so`.
_SUFFIX_MACHINES: dict[str, tuple[str, ...]] = {
    "amd64": ("x86_64",),
    "arm64": ("aarch64",),
    "386": ("i386", "i486", "i586", "i686"),
    "arm": ("arm", "armv6l", "armv7l", "armv8l"),
    "ppc64le": ("powerpc64le", "ppc64le"),
    "s390x": ("s390x",),
    "riscv64": ("riscv64",),
    "loong64": ("loongarch64",),
    "mips64le": ("mips64el",),
}

# GOARCH -> the machine in an ELF header, as `machine_of` returns it.
_BINARIES: dict[str, str] = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i386",
    "arm": "arm",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loong64": "loongarch64",
    "mips64le": "mips64el",
}

# GOARCH -> the name of the user-mode emulator in Debian and binfmt_misc: `qemu-aarch64`.
_QEMU: dict[str, str] = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i386",
    "arm": "arm",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loong64": "loongarch64",
    "mips64le": "mips64el",
}

# Variants of containerd, Go and Linux: v8, v8.1, rva22u64, power9, softfloat. They are used in
# tags, file names and scripts, so nothing else is allowed.
_VARIANT = re.compile(r"[a-z0-9]{1,15}(?:\.[0-9]{1,2})?", re.ASCII)

ARCHITECTURES: tuple[str, ...] = tuple(sorted(_MACHINES))


@total_ordering
class Platform(msgspec.Struct, frozen=True, order=False):
    """One normalized `os/arch[/variant]`: `linux/arm64`, never `linux/aarch64`."""

    os: str
    arch: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.arch, self.variant) if part)

    def __lt__(self, other: Platform) -> bool:
        return str(self) < str(other)

    @property
    def machines(self) -> tuple[str, ...]:
        """The possible results of `uname -m` in a container of this platform."""
        return _MACHINES.get(self.arch, (self.arch,))

    @property
    def python_platforms(self) -> tuple[str, ...]:
        """The possible results of `sysconfig.get_platform()` in an interpreter of this platform."""
        return _PYTHON_PLATFORMS.get(self.arch, (f"{self.os}-{self.arch}",))

    @property
    def suffix_machines(self) -> tuple[str, ...]:
        """The possible machines in the suffix of a compiled Python module of this platform."""
        return _SUFFIX_MACHINES.get(self.arch, (self.arch,))

    @property
    def binary(self) -> str:
        """The machine of its programs and libraries, as `machine_of` returns it."""
        return _BINARIES.get(self.arch, self.arch)

    @property
    def qemu(self) -> str:
        """The name of its user-mode emulator, as in `qemu-aarch64`."""
        return _QEMU.get(self.arch, self.arch)

    def runs_natively_on(self, host: Platform) -> bool:
        """Return whether a machine of platform `host` runs this without an emulator.

        A missing variant matches any; amd64 kernels run 386 programs.
        """
        if self.os != host.os:
            return False
        if self.arch == host.arch:
            return not (self.variant and host.variant) or self.variant <= host.variant
        return (self.arch, host.arch) == ("386", "amd64")


def parse_platform(text: str) -> Platform:
    """Parse a platform in any usual spelling; a bare architecture means Linux.

    Raises UsageProblem that names the nearest valid spelling.
    """
    parts = [part.strip().lower() for part in text.strip().split("/")]
    if len(parts) == 1:
        parts = ["linux", *parts]
    os_name, arch = parts[0], parts[1]
    if len(parts) > 3 or not all(parts):
        raise _unknown(text, parts[1] if len(parts) > 1 else "")
    if os_name != "linux":
        raise UsageProblem(
            f"platform '{text}': only Linux images can be built, not '{os_name}'",
            fix=f"write linux/{arch}" if arch in _ALIASES else "try linux/amd64 or linux/arm64",
        )
    if arch not in _ALIASES:
        raise _unknown(text, arch)
    goarch, implied = _ALIASES[arch]
    variant = parts[2] if len(parts) == 3 else implied
    if variant and not _VARIANT.fullmatch(variant):
        raise UsageProblem(
            f"platform '{text}': '{parts[2]}' isn't a valid architecture variant",
            fix=f"write linux/{goarch}, optionally followed by a variant such as /v7",
        )
    # OCI treats arm64/v8 as arm64 and amd64/v1 as amd64; BuildKit omits these variants.
    if (goarch, variant) in {("arm64", "v8"), ("amd64", "v1")}:
        variant = ""
    return Platform(os_name, goarch, variant)


def parse_platforms(texts: str | list[str] | tuple[str, ...]) -> tuple[Platform, ...]:
    """Parse comma-separated platforms, in order, without duplicates."""
    if isinstance(texts, str):
        texts = [texts]
    words = [word for text in texts for word in text.split(",") if word.strip()]
    if not words:
        raise UsageProblem("no platform given", fix="try linux/amd64 or linux/amd64,linux/arm64")
    return tuple(dict.fromkeys(parse_platform(word) for word in words))


LOCAL = "local"


def own_platforms(
    texts: Iterable[str], native: Platform
) -> tuple[dict[Platform, str], tuple[str, ...]]:
    """Return a bake target's platforms with their spellings there, and those that are left out.

    Without any, and for `local`, Buildx builds for the builder's own platform, `native`.
    """
    found: dict[Platform, str] = {}
    left: list[str] = []
    for text in texts:
        try:
            platform = native if text == LOCAL else parse_platform(text)
        except UsageProblem:
            left.append(text)
        else:
            found.setdefault(platform, text)
    return (found or {native: ""}), tuple(left)


# The default platforms.
DEFAULT_PLATFORMS = (Platform("linux", "amd64"), Platform("linux", "arm64"))


def binary_called(word: str) -> str:
    """Return the machine, as an ELF header names it, that a word such as `arm64` stands for."""
    # Node's word for 386.
    arch, _ = _ALIASES.get("386" if word == "ia32" else word, ("", ""))
    return _BINARIES.get(arch, "")


def _unknown(text: str, arch: str) -> UsageProblem:
    guess = nearest(arch, _ALIASES)
    valid = ", ".join(f"linux/{name}" for name in ARCHITECTURES)
    return UsageProblem(
        f"unknown platform '{text}'",
        fix=f"did you mean linux/{_ALIASES[guess][0]}?" if guess else "",
        valid=valid,
    )
