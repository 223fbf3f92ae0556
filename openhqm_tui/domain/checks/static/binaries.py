"""The check `binaries`: the architecture of every program and library in the image."""

from __future__ import annotations

import re
from collections import Counter

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, few, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind, Found
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.platforms import binary_called
from openhqm_tui.domain.text import one_line

_PREBUILDS = "/prebuilds/"
# Folders whose files other processors run: coprocessors, tests of programs that read binaries.
_OTHERS_RUN = re.compile(
    r"(?:firmware|tests?|__tests__|testing|test[-_]?data|fixtures?|__fixtures__)"
)
_SYSTEMS = ("linux", "linuxmusl", "android", "freebsd")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_@%+=:,.!/-]+")
_MOST_ENTRIES = 3
_LONGEST_ENTRIES = 150
_LONGEST_PATH = 80


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Compare the architecture of every ELF file with that of the platform, also in archives."""
    if seen.contents is None:
        return no_layers(seen)
    wanted = expected.platform.binary
    found = remaining(seen.contents, FileKind.BINARY)
    portable = {_archive(one) for one in found if one.what == wanted and _is_jar(one)}
    others = [one for one in found if one.what != wanted and _archive(one) not in portable]
    wrong = [
        one
        for one in others
        if not any(exempt(CHECK, place, expected) for place in {one.path, one.place})
    ]
    files = count_text(len(found), "ELF file")
    if wrong:
        machines = Counter(one.what for one in wrong)
        verb = "is" if len(wrong) == 1 else "are"
        kinds = next(iter(machines)) if len(machines) == 1 else f"not {wanted} ({_each(machines)})"
        places = tuple(one.place for one in wrong)
        entries = allow_entries(wrong)
        named = few([one_line(place, _LONGEST_PATH) for place in places[:1]] if entries else places)
        more = f" and {len(wrong) - 1} more" if entries and len(wrong) > 1 else ""
        told = f"{len(wrong)} of {len(found)} {verb} {kinds}: {named}{more}{_suggestion(entries)}"
        harmless = all(_has_own_build(one, wanted, found) for one in wrong)
        return Result(expected.untidy if harmless else Answer.FAIL, told, wanted, places)
    unread = remaining(seen.contents, FileKind.UNREAD)
    told = f"{files}, all {wanted}" if found else "no ELF files"
    if others:
        allowed = _each(Counter(one.what for one in others))
        told = f"{files}, {wanted} except {allowed} (allowed)"
    elif any(one.what != wanted for one in found):
        told = f"{files}, {wanted}; jars also contain other architectures"
    if unread:
        told += f"; archives not read: {few([f'{one.path} ({one.what})' for one in unread])}"
    return Result.of(True, told, wanted)


def _archive(one: Found) -> str:
    """Return the innermost archive that a file is in; '' if it is in none."""
    return one.place.rpartition("!/")[0] if one.inside else ""


def _is_jar(one: Found) -> bool:
    """Whether a file is in a Java archive, which may have a library for each architecture."""
    return _archive(one).endswith((".jar", ".war", ".ear", ".aar"))


def allow_entries(wrong: list[Found]) -> list[str]:
    """Return globs for files that are probably meant for another architecture."""
    folders = list(dict.fromkeys(filter(None, map(_folder_on_purpose, wrong))))
    if len(folders) > _MOST_ENTRIES:
        folders = list(dict.fromkeys(folder.rpartition("/")[0] for folder in folders))
    entries = [f"{folder}/*" for folder in folders if _PLAIN_PATH.fullmatch(folder)]
    few_enough = len(entries) <= _MOST_ENTRIES and len("".join(entries)) <= _LONGEST_ENTRIES
    return entries if few_enough else []


def _folder_on_purpose(one: Found) -> str:
    """Return the folder whose name explains the other architecture; '' if there is none."""
    parts = one.place.split("/")[:-1]
    for at, part in enumerate(parts):
        if not part:
            continue
        before = parts[at - 1] if at else ""
        of_platform = before == "prebuilds" or binary_called(_machine_in(part)) == one.what
        if of_platform or _OTHERS_RUN.fullmatch(part):
            return "/".join(parts[: at + 1])
    return ""


def _machine_in(folder: str) -> str:
    """Return the architecture in names such as `linux-arm64`, `sharp-linuxmusl-x64`, `arm64-v8a`.

    Not in `aarch64-linux-gnu`: in such folders an image has its own libraries.
    """
    words = re.split(r"[-_.+]", re.sub("x86[-_]64", "amd64", folder.lower()))
    at = next((at for at, word in enumerate(words) if word in _SYSTEMS), -1)
    rest = words[at + 1 :]
    if not rest or (at == -1 and len(words) > 1 and words[1][:1] != "v"):
        return ""
    return rest[0].removesuffix("eabi")


def _has_own_build(one: Found, wanted: str, found: list[Found]) -> bool:
    """Whether a prebuilt file for another platform lies next to one for the image's own."""
    folder, prebuilds, _ = one.place.partition(_PREBUILDS)
    return bool(prebuilds) and any(
        other.what == wanted and other.place.startswith(folder + prebuilds) for other in found
    )


def _suggestion(entries: list[str]) -> str:
    if not entries:
        return ""
    listed = ", ".join(f'"{entry}"' for entry in entries)
    return f"; if intended: allow = {{ binaries = [{listed}] }}"


def _each(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


def _hint(seen: str) -> str:
    fix = "don't pin the final stage to $BUILDPLATFORM"
    if "-packages/" in seen:
        return (
            "A file of a Python package was built for another architecture: install wheels for the "
            f"target platform (uv: --python-platform, --only-binary :all:), and {fix}."
        )
    if "/node_modules/" in seen:
        return (
            "A native module was built for another architecture: install it in a stage that runs "
            f"on the target platform (npm ci --os linux --cpu …), and {fix}."
        )
    return (
        "A file was built for another architecture: build or download it for $TARGETARCH, and "
        f"{fix}."
    )


CHECK = Check(
    name="binaries",
    position=70,
    short="bin",
    question="Is every program and library built for the platform's architecture?",
    hint=_hint,
    method=Method.LAYERS,
    exempts=True,
    judge=judge,
)
