"""What is in the wheel and in the source distribution."""

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
    """Return the files below a folder, as the repository's root sees them."""
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


def test_the_wheel_holds_the_package_and_what_it_builds_from(built: Built) -> None:
    found = _read(built.wheel)
    ours = {name for name in found if not name.startswith(f"openhqm_tui-{__version__}.")}
    shipped = {*SHIPPED, *(name for folder in SHIPPED_FOLDERS for name in _files(ROOT / folder))}
    assert ours == _files(ROOT / "openhqm_tui") | {BUNDLED + name for name in shipped}
    for name in shipped:
        assert found[BUNDLED + name] == (ROOT / name).read_bytes(), name


def test_the_source_builds_the_same_wheel(built: Built) -> None:
    assert built.wheel.name == built.wheel_of_source.name
    one, other = _read(built.wheel), _read(built.wheel_of_source)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_the_source_has_its_tests_and_they_run(built: Built) -> None:
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


def test_the_metadata_is_what_an_index_shows(built: Built) -> None:
    told = _metadata(built.wheel)
    assert told["Requires-Python"] == ">=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert told["License-Expression"] == "MIT"
    assert {url.partition(",")[0] for url in told.get_all("Project-URL", [])} >= {
        "Homepage",
        "Documentation",
        "Changelog",
        "Issues",
    }


def test_every_link_and_picture_of_the_readme_leads_somewhere_on_an_index(built: Built) -> None:
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


def test_the_man_page_tells_every_command(built: Built) -> None:
    (page,) = (data for name, data in _read(built.wheel).items() if name.endswith("/openhqm-tui.1"))
    text = page.decode().replace("\\-", "-")
    for command in ("build", "check", "runs prune", "builders create", "replay", "completion"):
        assert f"openhqm-tui {command}" in text, command
    for heading in ("EXAMPLES", "EXIT CODES", "SETTINGS", "ENVIRONMENT", "FILES"):
        assert f".SH {heading}\n" in text
