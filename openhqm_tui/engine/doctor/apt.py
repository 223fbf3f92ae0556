"""APT data: the archives in its sources (both formats) and what it would install."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One archive in apt's sources: where, which suites and components, signed by what."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ()
    signed_by: str = ""


class Candidate(msgspec.Struct, frozen=True):
    """The versions of a package in apt; '' means none."""

    installed: str = ""
    candidate: str = ""


def read_archives(folder: Path) -> tuple[Archive, ...]:
    """Return every binary archive that apt uses, from `folder` (/etc/apt), in apt's order."""
    files = [folder / "sources.list"]
    parts = folder / "sources.list.d"
    if parts.is_dir():
        files += sorted(path for path in parts.iterdir() if path.suffix in {".list", ".sources"})
    found: list[Archive] = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return tuple(found)


def parse_one_line(text: str) -> list[Archive]:
    """Read the one-line format: `deb [signed-by=KEY arch=amd64] URI SUITE COMPONENT…`."""
    found = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)", line)
        if match:
            options, uri, suite, components = match.groups()
            pairs = [word.partition("=") for word in (options or "").split()]
            signed = [value for key, _, value in pairs if key.lower() == "signed-by"]
            found.append(
                Archive(
                    uri=uri,
                    suites=(suite,),
                    components=tuple(components.split()),
                    signed_by=signed[0] if signed else "",
                )
            )
    return found


def parse_deb822(text: str) -> list[Archive]:
    """Read the deb822 format: paragraphs of `Types:`, `URIs:`, `Suites:`, `Components:`."""
    found = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields = _fields(paragraph)
        enabled = fields.get("enabled", "yes").strip().lower()
        if "deb" not in fields.get("types", "").split() or enabled in {"no", "false", "0"}:
            continue
        signed = fields.get("signed-by", "").strip()
        found += [
            Archive(
                uri=uri,
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                # A key may also be in the file itself; it has no path.
                signed_by=signed if signed.startswith("/") and "\n" not in signed else "",
            )
            for uri in fields.get("uris", "").split()
        ]
    return found


def parse_policy(text: str) -> dict[str, Candidate]:
    """Return the packages in the output of `apt-cache policy` in the C locale."""
    found: dict[str, Candidate] = {}
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.rstrip(":")
            found[name] = Candidate()
        key, _, value = line.strip().partition(": ")
        value = "" if value in {"(none)", ""} else value
        if name and key == "Installed":
            found[name] = msgspec.structs.replace(found[name], installed=value)
        elif name and key == "Candidate":
            found[name] = msgspec.structs.replace(found[name], candidate=value)
    return found


def upstream(version: str) -> str:
    """Return the upstream part of a Debian version: `5:28.5.2+dfsg4-5` is 28.5.2+dfsg4."""
    version = version.rpartition(":")[2]
    return version.rpartition("-")[0] or version


def main_archive(archives: tuple[Archive, ...], codename: str) -> Archive | None:
    """Return the archive of this system's release: with its own suite and `main`.

    Not those of updates and security: they don't have complete suites.
    """
    names = {codename, "stable", "oldstable", "testing"} - {""}
    own = [archive for archive in archives if "main" in archive.components]
    for wanted in ({codename}, names):
        for archive in own:
            if wanted & set(archive.suites):
                return archive
    return None


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and key:
            fields[key] += "\n" + line.strip()
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
    return fields
