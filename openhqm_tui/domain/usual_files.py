"""Files that are right in any image, as globs: what base images bring and every package has.

An expectation's `allow` adds to these, under the name of the same check. `*` goes over slashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

USUAL: dict[str, tuple[str, ...]] = {
    # Debian's, Alpine's and Fedora's own: changing one's user, password or mounts.
    "setuid": tuple(
        f"{folder}/{name}"
        for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
        for name in (
            *("su", "mount", "umount", "passwd", "chsh", "chfn", "newgrp", "gpasswd", "chage"),
            *("expiry", "unix_chkpwd", "pam_timestamp_check", "wall", "write", "bbsuid"),
        )
    ),
    # Keys that come with documentation and tests are known to all.
    "secrets": (
        "/usr/share/doc/*",
        "/usr/share/man/*",
        "*/site-packages/*/test/*",
        "*/site-packages/*/tests/*",
        "*/site-packages/*/testing/*",
        "*/dist-packages/*/test/*",
        "*/dist-packages/*/tests/*",
        "/usr/lib/python3*/test/*",
        "/usr/local/lib/python3*/test/*",
        "*/node_modules/*/test/*",
        "*/node_modules/*/tests/*",
    ),
}


def is_right(check: str, place: str, allowed: Iterable[str] = ()) -> bool:
    """Tell whether a file is right in every image, or in this one by its expectation."""
    return any(fnmatchcase(place, glob) for glob in (*USUAL.get(check, ()), *allowed))
