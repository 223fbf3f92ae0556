"""One-line description of the machine of a bench, without which its figures mean little."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path


class Machine:
    """The machine, with its load at creation and now."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]

    def description(self) -> str:
        """Return processor, versions, and the one-minute load average before and now."""
        docker = _output_of("docker", "version", "--format", "{{.Server.Version}}")
        buildx = _output_of("docker", "buildx", "version").split()
        return (
            f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC · {_processor()}, "
            f"{os.cpu_count()} cores · {platform.system()} {platform.release()} "
            f"{platform.machine()} · Python {platform.python_version()} · "
            f"Docker {docker or 'none'} · Buildx {buildx[1] if len(buildx) > 1 else 'none'} · "
            f"Textual {version('textual')} · load before {self._load:.1f}, "
            f"after {os.getloadavg()[0]:.1f}"
        )


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _output_of(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
