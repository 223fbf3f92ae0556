"""The guides as text: titles, sections, links; and which section explains what."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from openhqm_tui.domain.text import one_line

_HEADING = re.compile(r"(#{1,6}) +(.+?)(?: +#+)? *")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^()\s]+)\)")
# Characters that code hosts drop from section anchors: all but letters, digits, blanks, - and _.
_NOT_IN_ADDRESS = re.compile(r"[^\w\- ]")
# Starts with a scheme, or with a host.
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]{2}")
_WEB = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d+)?([/?#]\S*)?")
_LONGEST = 500


class Section(NamedTuple):
    """A heading: level (1 to 6), text, and anchor."""

    depth: int
    title: str
    address: str


class Leads(StrEnum):
    """The kind of a link's target: a guide, the web, a file, or unsupported."""

    GUIDE = "guide"
    WEB = "web"
    FILE = "file"
    NOWHERE = "nowhere"


class Link(NamedTuple):
    """A parsed link; `guide` is '' for the guide that contains it."""

    leads: Leads
    href: str
    guide: str = ""
    address: str = ""


class Words(NamedTuple):
    """A link in a text: its label and target."""

    words: str
    href: str


def sections(text: str) -> list[Section]:
    """Return the headings of a Markdown text, except in code."""
    found: list[Section] = []
    seen: dict[str, int] = {}
    for line in _outside_code(text):
        if match := _HEADING.fullmatch(line):
            title = _LINK.sub(r"\1", match[2]).replace("`", "")
            address = _NOT_IN_ADDRESS.sub("", title.lower()).replace(" ", "-")
            again = seen.get(address, 0)
            seen[address] = again + 1
            found.append(Section(len(match[1]), title, f"{address}-{again}" if again else address))
    return found


def title_of(text: str, otherwise: str = "") -> str:
    """Return the first heading of a text."""
    return next((section.title for section in sections(text)), otherwise)


def links(text: str) -> list[Words]:
    """Return the links of a text in order, each target once, except pictures and code."""
    found: dict[str, Words] = {}
    for line in _outside_code(text):
        for words, href in _LINK.findall(re.sub(r"`[^`]*`(?!\])", "", line)):
            found.setdefault(href, Words(words.replace("`", ""), href))
    return list(found.values())


def link_to(href: str) -> Link:
    """Parse a link. Only `https` is followed to the web, only a sibling `.md` is a guide."""
    told = one_line(href, _LONGEST)
    if _ELSEWHERE.match(href):
        good = told == href and _WEB.fullmatch(href)
        return Link(Leads.WEB if good else Leads.NOWHERE, told)
    path, _, address = href.partition("#")
    if not path:
        return Link(Leads.GUIDE, told, "", address)
    if "/" not in path and path.endswith(".md"):
        return Link(Leads.GUIDE, told, path.removesuffix(".md"), address)
    return Link(Leads.FILE, told)


def _outside_code(text: str) -> list[str]:
    """Return the lines outside of code blocks."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match[1]
        else:
            kept.append(line)
    return kept


_MACHINE, _CHECKS = "multi-arch", "checks"


class GuidePlace(NamedTuple):
    """A guide's name and a section's anchor in it; '' is the top."""

    guide: str
    address: str


FINDINGS = {
    "client": "what-a-machine-needs",
    "engine": "cannot-connect-to-the-docker-daemon-at-unixvarrundockersock"
    "-is-the-docker-daemon-running",
    "buildx": "docker-buildx-is-not-a-docker-command",
    "store": "multi-platform-build-is-not-supported-for-the-docker-driver",
    "builder": "builders-and-nodes",
    "platform": "qemu-and-binfmt",
    "emulator": "the-right-version-of-qemu",
    "base": "without-docker-hub",
    "registry": "registries",
    "certificates": "behind-a-proxy",
    "disk": "no-space-left-on-device",
}
CHECKS = {
    "index": "",
    "architecture": "",
    "binaries": "allow",
    "setuid": "allow",
    "compilers": "allow",
    "caches": "allow",
    "secrets": "allow",
    "size": "max-mb",
    "machine": "python",
}


def place_of_finding(key: str) -> GuidePlace:
    """Return the section about a finding; `key` may include a platform: `base:linux/arm64`."""
    kind = key.partition(":")[0]
    return GuidePlace(_MACHINE, FINDINGS.get(kind, "what-a-machine-needs"))


def place_of_check(check: str) -> GuidePlace:
    """Return the section about a check; most have one of the same name."""
    return GuidePlace(_CHECKS, CHECKS.get(check, check))
