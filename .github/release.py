r"""What a release is: its version, its image's name and tags, and its notes.

    release.py facts --tag v1.2.3 --version 1.2.3 --name ghcr.io/Acme/thing --released FILE \
      CHANGELOG.md
    release.py notes --version 1.2.3 CHANGELOG.md report-amd64.md report-arm64.md

`facts` checks that the tag is the package's version and that the changelog has a section for it,
before anything is pushed. It prints version, image, tags and prerelease as `name=value`, and writes
them to GITHUB_OUTPUT too. FILE lists the repository's tags, one a line. `notes` prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

_TAG = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)((?:a|b|rc)\d+)?", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+")
_NEXT = "Unreleased"


class Version(NamedTuple):
    """A version by its numbers; `before` is '' or what makes it a pre-release (`rc1`)."""

    major: int
    minor: int
    patch: int
    before: str

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{self.before}"


def version_of(tag: str) -> Version | None:
    """Return the version that a tag names; None where it names none."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    return Version(int(found[1]), int(found[2]), int(found[3]), found[4] or "")


def tags_of(version: Version, released: list[str]) -> list[str]:
    """Return the image's tags, the version's own first: `1.2.3`, `1.2`, `1`, `latest`.

    A pre-release has only its own. The others belong to the highest version they could name, so a
    later fix of an old line doesn't take them; `0` would promise what no 0.x does.
    """
    if version.before:
        return [str(version)]
    others = [one for tag in released if (one := version_of(tag)) is not None and not one.before]
    highest = {
        f"{version.major}.{version.minor}": [one for one in others if one[:2] == version[:2]],
        f"{version.major}": [one for one in others if one.major == version.major],
        "latest": others,
    }
    if version.major == 0:
        del highest["0"]
    moving = (tag for tag, among in highest.items() if version >= max(among, default=version))
    return [str(version), *moving]


def section_of(changelog: str, version: str) -> str:
    """Return the text under the changelog's heading of a version; '' where it has none."""
    heading = re.compile(rf"^## \[?{re.escape(version)}\]?(?:[ (-].*)?$", re.MULTILINE)
    found = heading.search(changelog)
    if found is None:
        return ""
    rest = changelog[found.end() :]
    following = re.search(r"^(?:## |\[[^\]]+\]: )", rest, re.MULTILINE)
    return rest[: following.start() if following else None].strip()


def changes_of(changelog: Path, version: str) -> str:
    """Return what the changelog says of a version; a pre-release may still be `Unreleased`."""
    text = changelog.read_text(encoding="utf-8")
    told = version_of(f"v{version}")
    changes = section_of(text, version)
    if not changes and told is not None and told.before:
        changes = section_of(text, _NEXT)
    if not changes:
        sys.exit(f"release: {changelog} has no section `## {version}`: write one, then tag again")
    return changes


def facts(told: argparse.Namespace) -> None:
    """Check and print what the release is."""
    version = version_of(told.tag)
    if version is None:
        sys.exit(f"release: the tag '{told.tag}' isn't like v1.2.3, v1.2.3rc1, v1.2.3b1, v1.2.3a1")
    if told.version != str(version):
        sys.exit(f"release: the tag is {told.tag}, but the package's version is {told.version}")
    image = told.name.lower()
    if not _IMAGE.fullmatch(image):
        sys.exit(f"release: '{told.name}' can't name an image: use REGISTRY/OWNER/NAME")
    changes_of(told.changelog, str(version))
    released = told.released.read_text(encoding="utf-8").split()
    lines = [
        f"version={version}",
        f"image={image}",
        f"tags={' '.join(tags_of(version, released))}",
        f"prerelease={'true' if version.before else 'false'}",
    ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def notes(told: argparse.Namespace) -> None:
    """Print the changelog's section, then the reports."""
    reports = [path.read_text(encoding="utf-8").strip() for path in told.reports]
    sys.stdout.write("\n\n".join([changes_of(told.changelog, told.version), *reports]) + "\n")


def main(words: list[str]) -> int:
    """Run one of both commands; an error is one line and exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    asked = commands.add_parser("facts")
    asked.set_defaults(run=facts)
    for name in ("--tag", "--version", "--name"):
        asked.add_argument(name, required=True)
    asked.add_argument("--released", required=True, type=Path)
    asked.add_argument("changelog", type=Path)
    written = commands.add_parser("notes")
    written.set_defaults(run=notes)
    written.add_argument("--version", required=True)
    written.add_argument("changelog", type=Path)
    written.add_argument("reports", nargs="*", type=Path)
    told = parser.parse_args(words)
    try:
        told.run(told)
    except (OSError, UnicodeError) as error:
        sys.exit(f"release: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
