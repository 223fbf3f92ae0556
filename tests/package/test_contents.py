"""The contents of the wheel and of the source distribution."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

from openhqm_tui import __version__
from tests.package.conftest import ROOT
from tests.package.installed import Built

BUNDLED = "openhqm_tui/bundled/"
SHIPPED = ("Dockerfile", "assets/docker-bake.hcl", "assets/recording.zip")
SHIPPED_FOLDERS = ("assets/context", "assets/expectations", "assets/guides")


def _files(folder: Path) -> set[str]:
    """Return the files below a folder, relative to the repository."""
    return {
        str(file.relative_to(ROOT))
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def _read(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _metadata(wheel: Path) -> Message:
    (text,) = (data for name, data in _read(wheel).items() if name.endswith("/METADATA"))
    return email.message_from_bytes(text)


def test_the_wheel_has_the_package_and_the_files_of_its_images(built: Built) -> None:
    found = _read(built.wheel)
    ours = {name for name in found if not name.startswith(f"openhqm_tui-{__version__}.")}
    shipped = {*SHIPPED, *(name for folder in SHIPPED_FOLDERS for name in _files(ROOT / folder))}
    assert ours == _files(ROOT / "openhqm_tui") | {BUNDLED + name for name in shipped}
    for name in shipped:
        assert found[BUNDLED + name] == (ROOT / name).read_bytes(), name


def test_the_source_distribution_builds_the_same_wheel(built: Built) -> None:
    assert built.wheel.name == built.wheel_of_source.name
    one, other = _read(built.wheel), _read(built.wheel_of_source)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_the_source_distribution_has_its_tests_and_they_run(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/conftest.py", "Makefile", "requirements.lock", "README.md", "LICENSE"} <= names
    assert not [
        name for name in names if "__pycache__" in name or name.startswith((".venv", ".ci"))
    ]
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/domain/test_plan.py")
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=built.source,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_metadata_has_the_fields_that_an_index_shows(built: Built) -> None:
    metadata = _metadata(built.wheel)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["License-Expression"] == "MIT"
    assert {url.partition(",")[0] for url in metadata.get_all("Project-URL", [])} >= {
        "Homepage",
        "Documentation",
        "Changelog",
        "Issues",
    }


def test_links_and_pictures_of_the_readme_work_on_an_index(built: Built) -> None:
    description = str(_metadata(built.wheel).get_payload())
    links = re.findall(r'\]\(([^)\s]+)|(?:src|href)="([^"]+)"', description)
    targets = [one or other for one, other in links]
    assert targets
    assert [link for link in targets if not link.startswith(("https://", "#"))] == []
    tag = f"https://raw.githubusercontent.com/openhqm/openhqm-tui/v{__version__}/"
    pictures = [link for link in targets if link.endswith((".svg", ".png"))]
    assert pictures
    for link in pictures:
        assert (ROOT / link.removeprefix(tag)).is_file(), link


def test_the_man_page_has_every_command(built: Built) -> None:
    (page,) = (data for name, data in _read(built.wheel).items() if name.endswith("/openhqm-tui.1"))
    text = page.decode().replace("\\-", "-")
    for command in ("build", "check", "runs prune", "builders create", "replay", "completion"):
        assert f"openhqm-tui {command}" in text, command
    for heading in ("EXAMPLES", "EXIT CODES", "SETTINGS", "ENVIRONMENT", "FILES"):
        assert f".SH {heading}\n" in text
