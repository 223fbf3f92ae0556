"""Run a command that can't write to any file: `python read_only.py COMMAND…`, on Linux.

Buildx 0.29 opens, and so empties, the files that a definition names as outputs, already where it
is only to print the definition. Exit code 125: the kernel has no Landlock, nothing was run.
"""

from __future__ import annotations

import ctypes
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
    """Take the right to write files from this process for good; False where that can't be."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        attribute = struct.pack("=Q", _CHANGES)
        ruleset = libc.syscall(_CREATE_RULESET, attribute, len(attribute), 0)
        if ruleset < 0:
            return False
        # What a program opens for the streams of its children is no file that could be lost.
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
