"""The name of a release, the tags it moves, and its notes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.reading import TOP

CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## [1.2.3] - 2026-11-28

### Fixed
- A thing.

## 1.2.2 (2026-10-01)

- Older.

[1.2.3]: https://example.org
"""


def release(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (place / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(TOP / ".github/release.py"), *arguments],
        cwd=place,
        env={**os.environ, "GITHUB_OUTPUT": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def facts(
    place: Path,
    tag: str = "v1.2.3",
    version: str = "1.2.3",
    name: str = "ghcr.io/OpenHQM/openhqm-tui",
    released: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    (place / "released").write_text("\n".join(released))
    options = ("--tag", tag, "--version", version, "--name", name, "--released", "released")
    return release(place, "facts", *options, "CHANGELOG.md", GITHUB_OUTPUT=str(place / "output"))


def outputs(place: Path) -> dict[str, str]:
    lines = (place / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_release_has_a_lower_case_image_name_and_all_its_tags(tmp_path: Path) -> None:
    ran = facts(tmp_path, released=("v1.2.2", "v1.2.3", "vnext"))
    assert ran.returncode == 0, ran.stderr
    assert outputs(tmp_path) == {
        "version": "1.2.3",
        "image": "ghcr.io/openhqm/openhqm-tui",
        "tags": "1.2.3 1.2 1 latest",
        "prerelease": "false",
    }
    assert ran.stdout == (tmp_path / "output").read_text()


@pytest.mark.parametrize(
    ("released", "tags"),
    [
        ((), "1.2.3 1.2 1 latest"),
        (("v1.2.10",), "1.2.3"),
        (("v1.10.0",), "1.2.3 1.2"),
        (("v2.0.0",), "1.2.3 1.2 1"),
        # Prereleases don't keep tags.
        (("v2.0.0rc1", "v1.2.4b1"), "1.2.3 1.2 1 latest"),
    ],
)
def test_moving_tags_stay_at_the_highest_version(
    tmp_path: Path, released: tuple[str, ...], tags: str
) -> None:
    assert facts(tmp_path, released=released).returncode == 0
    assert outputs(tmp_path)["tags"] == tags


@pytest.mark.parametrize("version", ["1.2.3rc1", "2.0.0a1", "1.2.3b12"])
def test_a_prerelease_has_one_tag_and_is_not_latest(tmp_path: Path, version: str) -> None:
    ran = facts(tmp_path, tag=f"v{version}", version=version)
    assert ran.returncode == 0, ran.stderr
    assert (outputs(tmp_path)["tags"], outputs(tmp_path)["prerelease"]) == (version, "true")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"version": "1.2.4"}, "the tag is v1.2.3, but the package's version is 1.2.4"),
        ({"tag": "v1.2"}, "the tag 'v1.2' isn't like v1.2.3"),
        ({"tag": "v1.2.3+x"}, "isn't like v1.2.3"),
        ({"tag": "main"}, "the tag 'main' isn't like v1.2.3"),
        ({"tag": "v1.2.9", "version": "1.2.9"}, "CHANGELOG.md has no section `## 1.2.9`"),
        ({"name": "ghcr.io/a b"}, "'ghcr.io/a b' can't name an image"),
    ],
)
def test_an_invalid_release_is_refused_in_one_line(
    tmp_path: Path, wrong: dict[str, str], message: str
) -> None:
    ran = facts(tmp_path, **wrong)  # type: ignore[arg-type]
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("release: ")
    assert message in line
    assert not (tmp_path / "output").exists()


def test_the_notes_are_the_changelog_section_and_the_reports(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("# Sizes\n")
    ran = release(tmp_path, "notes", "--version", "1.2.3", "CHANGELOG.md", "report.md")
    assert ran.stdout == "### Fixed\n- A thing.\n\n# Sizes\n"
    older = release(tmp_path, "notes", "--version", "1.2.2", "CHANGELOG.md")
    assert older.stdout == "- Older.\n"
    early = release(tmp_path, "notes", "--version", "2.0.0rc1", "CHANGELOG.md")
    assert early.stdout == "- Not yet.\n"
    missing = release(tmp_path, "notes", "--version", "1.2.3", "CHANGELOG.md", "none.md")
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 1
