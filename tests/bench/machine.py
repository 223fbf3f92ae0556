"""The machine that a bench ran on, in one line: figures mean something only beside it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path


class Machine:
    """Describes the machine as it was when this was made, and its load by then and by now."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]

    def words(self) -> str:
        """Return processor, versions, and the load average of a minute before and now."""
        docker = _said("docker", "version", "--format", "{{.Server.Version}}")
        buildx = _said("docker", "buildx", "version").split()
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


def _said(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
