"""The check `setuid`: files that run with another user's rights."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.verdict import Result
from openhqm_tui.domain.formatting import count_text

_WANTED = "only the usual files"
# Those of Debian, Alpine and Fedora: they change the user, passwords or mounts.
_USUAL = (
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
)


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look for setuid and setgid files, capabilities, and writable files that grant rights."""
    if seen.contents is None:
        return no_layers(seen)
    found = {one.path: one for one in remaining(seen.contents, FileKind.SETUID)}
    wrong = [(one.path, one.what) for one in found.values()]
    wrong += [
        (one.path, f"{one.what}, world-writable")
        for one in remaining(seen.contents, FileKind.WRITABLE)
    ]
    wrong = [(path, what) for path, what in wrong if not exempt(CHECK, path, expected)]
    if wrong:
        told = few([f"{path} ({what})" for path, what in wrong])
        return Result.of(False, told, _WANTED, [path for path, _ in wrong])
    names = ", ".join(sorted({path.rpartition("/")[2] for path in found}))
    return Result.of(
        True, f"{count_text(len(found), 'usual file')}: {names}" if found else "none", _WANTED
    )


CHECK = Check(
    name="setuid",
    position=80,
    short="set",
    question="Is the image free of unexpected setuid and setgid files, capabilities, and "
    "world-writable system files?",
    hint="Clear the mode bits (chmod u-s,g-s,o-w) or remove the capabilities (setcap -r) in a RUN "
    "instruction, or allow the file: "
    'allow = {setuid = ["/path"]} in openhqm-checks.toml.',
    method=Method.LAYERS,
    exempts=True,
    usual=_USUAL,
    judge=judge,
)
