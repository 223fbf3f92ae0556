"""A Redis image from Debian's packages that starts as the official one does."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.doctor.apt import main_archive
from openhqm_tui.engine.doctor.base_findings import SUITE
from openhqm_tui.engine.doctor.machine import read_machine
from openhqm_tui.engine.source.base_image import choose_base

IMAGE = "openhqm-tui-tests/redis:debian"
_PACKAGES = "redis-server,base-files,base-passwd,coreutils,dash,findutils,grep,libc-bin,util-linux"
_DOCKERFILE = Path(__file__).with_name("redis.Dockerfile")
_UNPACKED = """FROM scratch
ADD root.tar /
RUN cp /usr/share/base-passwd/passwd.master /etc/passwd && \\
    cp /usr/share/base-passwd/group.master /etc/group
"""
_INSTALLED = """FROM {base}
RUN apt-get update -qq && apt-get install -qq --no-install-recommends redis-server util-linux
"""


def make_redis(host: Platform) -> str:
    """Make the image for the engine's own platform, and return its name."""
    machine = read_machine()
    archive = main_archive(machine.archives, machine.codename)
    with tempfile.TemporaryDirectory() as folder:
        if archive is not None and Path("/usr/bin/mmdebstrap").exists():
            keyring = next(name for name in machine.keyrings if "trixie" in name)
            _run(
                *("mmdebstrap", "--quiet", "--variant=extract", f"--include={_PACKAGES}"),
                *('--aptopt=APT::Install-Recommends "false"', f"--keyring={keyring}"),
                *(SUITE, f"{folder}/root.tar", archive.uri),
            )
            head = _UNPACKED
        else:
            head = _INSTALLED.format(base=choose_base((host,), explicit=None).ref)
        Path(folder, "Dockerfile").write_text(head + _DOCKERFILE.read_text())
        _run("docker", "buildx", "build", "--load", "--provenance=false", "--tag", IMAGE, folder)
    return IMAGE


def _run(*command: str) -> None:
    ran = subprocess.run(command, check=False, timeout=600, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
