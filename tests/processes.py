"""Whether a process still runs, on any system that has `ps`."""

from __future__ import annotations

import subprocess


def is_gone(pid: int) -> bool:
    """Return whether a process has ended; its zombie may wait for somebody."""
    ran = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ran.stdout.strip()[:1] in {"", "Z", "X"}
