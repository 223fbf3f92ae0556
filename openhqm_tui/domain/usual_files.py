"""Files that are right in any image, as globs: what base images bring and every package has.

An expectation's `allow` adds to these, under the name of the same check. `*` goes over slashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

USUAL: dict[str, tuple[str, ...]] = {
    # Debian's, Alpine's and Fedora's own: changing one's user, password or mounts.
    "setuid": (
        *(
            f"{folder}/{name}"
            for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
            for name in (
                *("su", "mount", "umount", "passwd", "chsh", "chfn", "newgrp", "gpasswd", "chage"),
                *("expiry", "unix_chkpwd", "pam_timestamp_check", "wall", "write", "bbsuid"),
            )
        ),
        "/usr/bin/ssh-agent",
        "/usr/lib/openssh/ssh-keysign",
        "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
    ),
    # Keys that come with documentation, tests and self-tests are known to all.
    "secrets": (
        "/usr/share/doc/*",
        "/usr/share/man/*",
        "/lib/*/libgnutls.*",
        "/usr/lib*/libgnutls.*",
        "*/site-packages/*/test/*",
        "*/site-packages/*/tests/*",
        "*/site-packages/*/testing/*",
        "*/dist-packages/*/test/*",
        "*/dist-packages/*/tests/*",
        "/usr/lib/*/tests/*",
        "*/lib/python[23]*/test/*",
        "*/node_modules/*/test/*",
        "*/node_modules/*/tests/*",
    ),
}


def is_right(check: str, place: str, allowed: Iterable[str] = ()) -> bool:
    """Tell whether a file is right in every image, or in this one by its expectation."""
    return any(fnmatchcase(place, glob) for glob in (*USUAL.get(check, ()), *allowed))
