"""Verdicts on an image's layers: binaries, rights, leftovers, secrets, size.

A file that a later layer deletes doesn't count, but for secrets: whoever has the image has it.
Where layers could not be read, the answer is `unknown`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.image_config import SeenConfig, SeenImage
from openhqm_tui.domain.checks.layers import FileKind, Found, Placed
from openhqm_tui.domain.checks.verdict import Answer, Verdict, answered, unanswered
from openhqm_tui.domain.secrets.detect import secrets_in_instruction, secrets_in_variables

# Files that are right in any image, as globs: what base images bring and every package has.
#
# An expectation's `allow` adds to these, under the name of the same check. `*` goes over slashes.

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


_MOST_NAMED = 5


class Contents(msgspec.Struct, frozen=True):
    """All that was found in an image's layers, and how many there are."""

    placed: tuple[Placed, ...]
    layers: int


def judge_contents(
    expected: Expectation, contents: Contents | None, reason: str = ""
) -> list[Verdict]:
    """Return the verdicts on an image's files; None: `reason` says why they aren't known."""
    judges = (_binaries, _setuid, _compilers, _caches)
    if contents is None:
        why = reason or "its layers could not be read"
        return [unanswered(judge.__name__.removeprefix("_"), why) for judge in judges]
    return [judge(expected, contents) for judge in judges]


def judge_secrets(
    expected: Expectation,
    config: SeenConfig | None,
    contents: Contents | None,
    reason: str = "",
) -> Verdict:
    """Say whether secrets are in variables, instructions or any layer, even in deleted files.

    What is found fails whatever else could not be looked at. A variable is allowed as `env:NAME`,
    an instruction as `history:NUMBER`, the first being 1.
    """
    allowed = expected.allow.get("secrets", ())
    found: list[str] = []
    if config is not None:
        found += [
            f"{what} in variable {name}"
            for what, name in secrets_in_variables(config.env)
            if not is_right("secrets", f"env:{name}", allowed)
        ]
        found += [
            f"{what} in instruction {number}"
            for number, line in enumerate(reversed(config.history or ()), 1)
            for what in sorted(secrets_in_instruction(line))
            if not is_right("secrets", f"history:{number}", allowed)
        ]
    for one in _of(contents, FileKind.SECRET, everywhere=True):
        if not is_right("secrets", one.found.path, allowed):
            later = ", deleted later" if one.deleted else ""
            found.append(f"{one.found.what} in {one.found.path} (layer {one.layer}{later})")
    if found:
        return answered("secrets", Answer.FAIL, _few(found), "none")
    if config is None or config.history is None or contents is None:
        return unanswered("secrets", reason or "not all of it could be looked at", "none")
    looked_at = f"{contents.layers} layers, {len(config.history)} instructions"
    return answered("secrets", Answer.PASS, f"none in {looked_at}", "none")


def judge_size(
    expected: Expectation, index: Sequence[SeenImage] | None, reason: str = ""
) -> list[Verdict]:
    """Say whether what a registry keeps of an image is within its budget, if it has one."""
    if expected.most_bytes is None:
        return []
    wish = f"at most {_megabytes(expected.most_bytes)}"
    platform = str(expected.platform)
    size = next((image.content_size for image in index or () if image.platform == platform), 0)
    if not size:
        return [unanswered("size", reason or "the store doesn't tell its packed size", wish)]
    answer = Answer.PASS if size <= expected.most_bytes else _untidy(expected)
    return [answered("size", answer, f"{_megabytes(size)} packed", wish)]


def _binaries(expected: Expectation, contents: Contents) -> Verdict:
    wanted = expected.platform.binary
    allowed = expected.allow.get("binaries", ())
    all_of_them = [one.found for one in _of(contents, FileKind.BINARY)]
    wrong = [
        found
        for found in all_of_them
        if found.what != wanted and not is_right("binaries", found.path, allowed)
    ]
    total = len(all_of_them)
    if not wrong:
        told = f"{_count(all_of_them, 'ELF file')}, all {wanted}" if total else "no ELF file"
        others = Counter(found.what for found in all_of_them if found.what != wanted)
        if others:
            files = _count(all_of_them, "ELF file")
            told = f"{files}, {wanted} but for {_counted(others)} that are allowed"
        return answered("binaries", Answer.PASS, told, wanted)
    machines = Counter(found.what for found in wrong)
    verb = "is" if len(wrong) == 1 else "are"
    kinds = next(iter(machines)) if len(machines) == 1 else f"not {wanted} ({_counted(machines)})"
    places = _few([found.path for found in wrong])
    told = f"{len(wrong)} of {total} {verb} {kinds}: {places}"
    return answered("binaries", Answer.FAIL, told, wanted)


def _setuid(expected: Expectation, contents: Contents) -> Verdict:
    allowed = expected.allow.get("setuid", ())
    seen = {one.found.path: one.found for one in _of(contents, FileKind.SETUID)}
    wrong = [found for path, found in seen.items() if not is_right("setuid", path, allowed)]
    wish = "none but the usual"
    if wrong:
        told = _few([f"{found.path} ({found.what})" for found in wrong])
        return answered("setuid", Answer.FAIL, told, wish)
    names = sorted({path.rpartition("/")[2] for path in seen})
    told = f"{len(seen)}, all usual: {', '.join(names)}" if seen else "none"
    return answered("setuid", Answer.PASS, told, wish)


def _compilers(expected: Expectation, contents: Contents) -> Verdict:
    allowed = expected.allow.get("compilers", ())
    left = [
        one.found
        for one in _of(contents, FileKind.COMPILER)
        if not is_right("compilers", one.found.path, allowed)
    ]
    if not left:
        return answered("compilers", Answer.PASS, "none", "none")
    told = _few([f"{found.what}: {found.path}" for found in left])
    return answered("compilers", _untidy(expected), told, "none")


def _caches(expected: Expectation, contents: Contents) -> Verdict:
    allowed = expected.allow.get("caches", ())
    by_owner: dict[str, list[Found]] = {}
    for one in _of(contents, FileKind.CACHE):
        if not is_right("caches", one.found.path, allowed):
            by_owner.setdefault(one.found.what, []).append(one.found)
    if not by_owner:
        return answered("caches", Answer.PASS, "none", "none")
    told = "; ".join(
        f"{owner}: {_count(left, 'file')}, {_megabytes(sum(found.size for found in left))}, "
        f"as {left[0].path}"
        for owner, left in by_owner.items()
    )
    return answered("caches", _untidy(expected), told, "none")


def _of(contents: Contents | None, kind: FileKind, *, everywhere: bool = False) -> list[Placed]:
    """Return what was found of a kind; `everywhere`: also what later layers delete."""
    placed = contents.placed if contents is not None else ()
    return [one for one in placed if one.found.kind is kind and (everywhere or not one.deleted)]


def _untidy(expected: Expectation) -> Answer:
    return Answer.FAIL if expected.strict else Answer.WARN


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_NAMED
    named = ", ".join(texts[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}" if len(things) == 1 else f"{len(things)} {word}s"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
