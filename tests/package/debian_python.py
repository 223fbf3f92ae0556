"""A Python missing on this machine, from Debian packages in its own root file system."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from openhqm_tui.engine.doctor.apt import main_archive
from openhqm_tui.engine.doctor.machine import read_machine

VERSION = "3.14"
_SUITE = "forky"
_KEYRING = Path("/usr/share/keyrings/debian-archive-trixie-automatic.gpg")
_FROM_HERE = ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt")


def why_unavailable() -> str:
    """Return why such a root can't be created on this machine, '' if it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can make a root file system"
    missing = [name for name in ("mmdebstrap", "unshare") if shutil.which(name) is None]
    if missing:
        return f"no {' '.join(missing)} on this machine"
    if not _KEYRING.exists():
        return f"no {_KEYRING} on this machine"
    return "" if _archive() else "apt's sources have no Debian archive"


def enter(root: Path) -> tuple[str, ...]:
    """Return the prefix of a command that runs in `root`."""
    script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    return ("unshare", "--mount", "sh", "-c", script, str(root))


def make(root: Path) -> None:
    """Unpack Debian with Python into `root` (about 40 s)."""
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--keyring={_KEYRING}"),
            # A mirror may be several weeks old.
            '--aptopt=Acquire::Check-Valid-Until "false"',
            f"--include=python{VERSION},ca-certificates",
            *(_SUITE, str(root), _archive()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    for name in _FROM_HERE:
        if Path("/", name).exists():
            shutil.copy(Path("/", name), root / name)


def _archive() -> str:
    machine = read_machine()
    found = main_archive(machine.archives, machine.codename)
    return found.uri if found else ""
