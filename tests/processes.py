"""Whether a process is still running, on any system with `ps`."""

from __future__ import annotations

import subprocess


def is_gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie counts as ended."""
    ran = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ran.stdout.strip()[:1] in {"", "Z", "X"}
