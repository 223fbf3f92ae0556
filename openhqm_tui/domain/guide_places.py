"""Where in the guides more is told: of a finding of the doctor, and of a check."""

from __future__ import annotations

from typing import NamedTuple

_MACHINE, _CHECKS = "multi-arch", "checks"


class GuidePlace(NamedTuple):
    """A guide by its name, and a section's address in it; '' is its top."""

    guide: str
    address: str


FINDINGS = {
    "client": "what-a-machine-needs",
    "engine": "cannot-connect-to-the-docker-daemon-at-unixvarrundockersock"
    "-is-the-docker-daemon-running",
    "buildx": "docker-buildx-is-not-a-docker-command",
    "store": "multi-platform-build-is-not-supported-for-the-docker-driver",
    "builder": "builders-and-nodes",
    "platform": "qemu-and-binfmt",
    "emulator": "the-right-version-of-qemu",
    "base": "without-docker-hub",
    "registry": "registries",
    "certificates": "behind-a-proxy",
    "disk": "no-space-left-on-device",
}
CHECKS = {
    "index": "",
    "architecture": "",
    "binaries": "allow",
    "setuid": "allow",
    "compilers": "allow",
    "caches": "allow",
    "secrets": "allow",
    "size": "max-mb",
    "machine": "python",
}


def place_of_finding(key: str) -> GuidePlace:
    """Return where more is told of a finding; `key` may be of one platform: `base:linux/arm64`."""
    kind = key.partition(":")[0]
    return GuidePlace(_MACHINE, FINDINGS.get(kind, "what-a-machine-needs"))


def place_of_check(check: str) -> GuidePlace:
    """Return where more is told of a check; most have a section of their own name."""
    return GuidePlace(_CHECKS, CHECKS.get(check, check))
