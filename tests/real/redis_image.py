"""A Redis image from Debian packages that starts like the official one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.source.base_image import choose_base

IMAGE = "openhqm-tui-tests/redis:debian"
_DOCKERFILE = Path(__file__).with_name("redis.Dockerfile")


def make_redis(host: Platform) -> str:
    """Make the image for the engine's own platform, and return its name."""
    base = choose_base((host,), explicit=None).ref
    command = ("docker", "buildx", "build", "--load", "--provenance=false", "--tag", IMAGE)
    ran = subprocess.run(
        [*command, "--build-arg", f"BASE={base}", "-"],
        input=_DOCKERFILE.read_bytes(),
        check=False,
        timeout=600,
        capture_output=True,
    )
    assert ran.returncode == 0, ran.stderr[-2000:].decode(errors="replace")
    return IMAGE
