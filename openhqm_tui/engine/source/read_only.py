"""Run a command that can't write to any file: `python read_only.py COMMAND…`, on Linux.

Buildx 0.29 opens, and so truncates, the files that a definition names as outputs, even if it only
prints the definition. Exit code 125: the kernel has no Landlock, and nothing was run.
"""

from __future__ import annotations

import os
import struct
import sys

UNAVAILABLE = 125
# linux/landlock.h: the rights that change something, all of the first version of the interface.
_WRITE_FILE = 1 << 1
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38


def forbid_writing() -> bool:
    """Irrevocably give up write access to files; return False if the kernel can't."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        attribute = struct.pack("=Q", _CHANGES)
        ruleset = libc.syscall(_CREATE_RULESET, attribute, len(attribute), 0)
        if ruleset < 0:
            return False
        # Programs open it for the streams of their children; nothing can be lost there.
        null = os.open(os.devnull, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", _WRITE_FILE, null)
        return bool(
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) == 0
            and libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
        )
    except (OSError, AttributeError):
        return False


if __name__ == "__main__":
    if not forbid_writing():
        sys.exit(UNAVAILABLE)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller's command, as it is
